"""ImageMagick's arithmetic on arrays: the same grey levels as the program, a batch at a time.

Every operation takes and returns *quanta*: float32 arrays of shape (..., H, W), one plane per
channel, in ImageMagick's units (0..65535 for 0..255, sRGB-encoded as stored; HDRI keeps values
outside that range). `signdata.magick.profiles` converts from and to bytes; nothing here knows
about files, samples or paths.

The formulas are those of the ImageMagick sources (resize.c, distort.c, resample.c, enhance.c,
gem.c, effect.c), checked against the versions named by each `Profile`.
"""
