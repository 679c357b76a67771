-- Do the published distortion tables hold?
-- Time: 1 minute on 2 cores
--
-- The closed-form tables H1 to H7 (Lloyd-Max, inner products, rate and distortion, lattices, two-bit codecs, block formats,
-- transform coding) and KakeyaTurbo's ratios K1 and K4: as published, exactly, and as the codecs here measure. No model is
-- needed. The answer is no, status 1, when a measured value lies off by more than its tolerance.
--
--     kvant recipe tables

lab.command "paper all"
