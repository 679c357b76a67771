# The full screen (app/screen/screen.h).
