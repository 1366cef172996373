"""The only callers of picture and video codecs; RGB out, limits and whitelists inside."""
