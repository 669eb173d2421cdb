"""How a hand is written as a row of numbers (see `embedding`): what stands where."""

FEATURES = 1152  # values that MediaPipe's landmark network sees in a picture
LANDMARKS = 21
POINTS = 3 * LANDMARKS
IN_SPACE = slice(FEATURES, FEATURES + POINTS)
IN_PICTURE = slice(FEATURES + POINTS, FEATURES + 2 * POINTS)
GIVEN = slice(FEATURES + 2 * POINTS, FEATURES + 2 * POINTS + 2)
WIDTH = GIVEN.stop
WRIST, INDEX, MIDDLE, LITTLE = 0, 5, 9, 17  # landmarks: the wrist, and three knuckles
