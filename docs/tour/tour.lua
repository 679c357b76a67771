-- A session in the lab of 2026-11-21 19:32: kvant recipe FILE does it again.
lab.run{ "k=q8_0 v=polar(bits=3)" }
lab.command "recipe tour --jobs 2"
lab.command "diff 15 16"
