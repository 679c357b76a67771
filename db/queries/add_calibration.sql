INSERT INTO calibrations (hash, text, text_hash, tokens)
SELECT :calibration_hash, :calibration_text, :calibration_text_hash, :calibration_tokens
WHERE :calibration_hash <> ''
ON CONFLICT (hash) DO NOTHING
