"""Colors can be read on white and on black, and stay."""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from twisted_chat.clients.terminal import formatting

PALETTE = (0x00, 0x5F, 0x87, 0xAF, 0xD7, 0xFF)  # the steps of the 256 colors


def luminance(color: str) -> float:
    """How bright it is, as WCAG counts it: 0 is black, 1 is white."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class ColorTests(SynchronousTestCase):
    def test_contrast(self) -> None:
        used = {
            color for look in formatting.LOOKS.values() for color in re.findall("#[0-9a-f]+", look)
        }
        for color in {*formatting.NAMES, *used}:
            light = luminance(color)
            self.assertGreaterEqual(1.05 / (light + 0.05), 3, f"{color} on white")
            self.assertGreaterEqual((light + 0.05) / 0.05, 3, f"{color} on black")

    def test_a_terminal_of_256_colors_has_them_as_they_are(self) -> None:
        for color in formatting.NAMES:
            self.assertTrue({int(color[at : at + 2], 16) for at in (1, 3, 5)} <= {*PALETTE}, color)

    def test_a_name_has_one_color_however_it_is_written(self) -> None:
        self.assertEqual(formatting.style_of_name("tesla"), "fg:#0087af")
        self.assertEqual(formatting.style_of_name("Tesla"), formatting.style_of_name("tesla"))

    def test_names_differ(self) -> None:
        names = [f"name{number}" for number in range(400)]
        self.assertEqual(
            len({formatting.style_of_name(name) for name in names}), len(formatting.NAMES)
        )
        self.assertEqual(len(set(formatting.NAMES)), len(formatting.NAMES))
