# SPDX-License-Identifier: MIT
"""A picture of values by field, as a PNG, with nothing but the standard library: dots, mean and standard deviation, threshold."""

import math
import struct
import zlib

WIDTH, HEIGHT = 800, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 790, 40, 430  # of the plot's frame
WHITE, BLACK, GREY, DOT, MEAN, LINE = range(6)
COLOURS = bytes.fromhex("ffffff 000000 d0d0d0 8aa9c9 1f3d5c c0392b")

# Characters of 3 x 5 dots: a row of dots per digit, top to bottom.
FONT = dict((glyph[0], glyph[2:]) for glyph in """0:75557 1:26227 2:71747 3:71717 4:55711 5:74717 6:74757 7:71122 8:75757 9:75717
    A:25755 B:65656 C:34443 D:65556 E:74647 F:74644 G:34553 H:55755 I:72227 J:11152 K:55655 L:44447 M:57755 N:65555 O:25552
    P:65644 Q:25573 R:65655 S:34216 T:72222 U:55557 V:55552 W:55775 X:55255 Y:55222 Z:71247 -:00700 .:00002 _:00007 +:02720
    #:57575 ?:61202 ,:00024 ::02020 ;:02024 (:12221 ):42224 /:11244 ':22000 =:07070 %:51245 *:05250 <:12421 >:42124 [:64446
    ]:31113 !:22202 ":55000""".split())
FONT[" "] = "00000"


class Canvas:
    def __init__(self):
        self.rows = [bytearray(WIDTH) for _ in range(HEIGHT)]

    def box(self, x, y, width, height, colour):
        for row in self.rows[max(y, 0):max(y + height, 0)]:
            row[x:x + width] = bytes([colour]) * len(row[x:x + width])

    def text(self, x, y, text):
        for place, char in enumerate(text[:80]):
            for down, bits in enumerate(FONT[char.upper()]):
                for right in range(3):
                    if int(bits) >> (2 - right) & 1:
                        self.box(x + 8 * place + 2 * right, y + 2 * down, 2, 2, BLACK)

    def png(self, title):
        """title goes into the picture's metadata, in whatever script it is."""
        pixels = b"".join(b"\0" + row for row in self.rows)
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in (
                (b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)),
                (b"PLTE", COLOURS),
                (b"iTXt", b"Title\0\0\0\0\0" + title.encode()),
                (b"IDAT", zlib.compress(pixels, 9)),
                (b"IEND", b""),
            )
        )


def first_drawable(*texts):
    """The first of the texts that the font has all characters of."""
    return next((text for text in texts if all(char.upper() in FONT for char in text)), "")


def tick(length):
    """A round step that divides the length into four to ten."""
    power = 10.0 ** math.floor(math.log10(length / 4))
    return next(power * k for k in (10, 5, 2.5, 2, 1) if power * k <= length / 4)


def draw(by_field, threshold, data_name, sample_name):
    """by_field: field -> its values. Returns the bytes of the PNG."""
    shown = [x for values in by_field.values() if values for x in (min(values), max(values))]
    low, high = min(0, threshold, *shown), max(0, threshold, *shown) * 1.05
    if low == high:
        high = 1
    canvas = Canvas()

    def down(y):
        return round(BOTTOM - (y - low) / (high - low) * (BOTTOM - TOP))

    step = tick(high - low)
    for k in range(math.ceil(low / step), math.floor(high / step) + 1):
        canvas.box(LEFT, down(k * step), RIGHT - LEFT, 1, GREY)
        canvas.text(4, down(k * step) - 5, f"{k * step:.6g}".rjust(7))
    slot = (RIGHT - LEFT) / max(len(by_field), 1)
    for place, (field, values) in enumerate(by_field.items()):
        middle = round(LEFT + (place + 0.5) * slot)
        canvas.text(middle - 4 * len(str(field)), BOTTOM + 8, str(field))
        for k, x in enumerate(values[::-(-len(values) // 500) or 1]):  # at most 500 dots, evenly picked, spread over the slot
            canvas.box(round(middle + (k * 0.6180339887 % 1 - 0.5) * 0.6 * slot), down(x) - 2, 4, 4, DOT)
        if values:
            mean = math.fsum(values) / len(values)
            sd = math.sqrt(math.fsum((x - mean) ** 2 for x in values) / max(len(values) - 1, 1))
            top, bottom = down(min(mean + sd, high)), down(max(mean - sd, low))
            canvas.box(middle, top, 2, bottom - top, MEAN)
            canvas.box(middle - 3, down(mean) - 3, 7, 7, MEAN)
    canvas.box(LEFT, down(threshold), RIGHT - LEFT, 2, LINE)
    for x, y, width, height in ((LEFT, TOP, RIGHT - LEFT, 1), (LEFT, BOTTOM, RIGHT - LEFT + 1, 1),
                                (LEFT, TOP, 1, BOTTOM - TOP), (RIGHT, TOP, 1, BOTTOM - TOP)):
        canvas.box(x, y, width, height, BLACK)
    canvas.text(LEFT + 60, 14, first_drawable(f"{data_name}  {sample_name}", data_name))
    canvas.text((LEFT + RIGHT) // 2 - 20, BOTTOM + 28, "field")
    canvas.text(LEFT - 20, 14, "Value")
    return canvas.png(f"{data_name}  {sample_name}")
