"""ImageMagick's arithmetic on arrays: the same grey levels as the program, a batch at a time.

Every operation takes and returns *quanta*: float32 arrays of shape (..., H, W), one plane a
channel, in ImageMagick's units (0..65535 for 0..255, sRGB-encoded as stored; HDRI keeps what
lies outside). `signdata.magick.profiles` brings bytes in and out; nothing between knows about
pixels on disk, samples or paths.

Formulas are those of the ImageMagick sources (resize.c, distort.c, resample.c, enhance.c,
gem.c, effect.c), checked against the programs named by each `Profile`.
"""
