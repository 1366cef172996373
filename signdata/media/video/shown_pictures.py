"""Which packets of a stream hold a picture that is shown."""

from __future__ import annotations

from typing import Any

_PICTURE = b"\0\0\1\xb6"
"""What a picture of MPEG-4 begins with (ISO/IEC 14496-2, 6.3.5)."""

_NOT_CODED = 8
"""Bytes of an MPEG-4 picture that says that it is not coded, at most."""

_SMALL = 64 * 64
"""Pixels up to which a coded picture may be as short as that."""


class Shown:
    """Looks at the packets of a stream in their order.

    VP8 refers to pictures that are never shown (RFC 6386, 9.1). MPEG-4 has pictures that are not
    coded, for which the one before goes on being shown; where a packet holds two pictures, one
    of them only fills the place of the second.
    """

    def __init__(self, stream: Any) -> None:
        self._codec = stream.codec_context.name
        self._large = stream.width * stream.height > _SMALL
        self._owed = 0

    def is_picture(self, packet: Any) -> bool:
        """Whether a frame comes of this packet, or of its place."""
        if self._codec == "vp8":
            return bool(memoryview(packet)[0] & 0x10)
        if self._codec != "mpeg4":
            return True
        if packet.size > _NOT_CODED:
            self._owed += max(0, bytes(packet).count(_PICTURE) - 1)
            return True
        left_out = self._large and bytes(packet).startswith(_PICTURE)
        if left_out and not self._owed:
            return False
        self._owed -= left_out
        return True
