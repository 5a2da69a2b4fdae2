"""Hexadecimal colors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adacolvit.color.hex import format_hex, parse_hex
from adacolvit.errors import HintError


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_round_trip(rgb):
    assert parse_hex(format_hex(rgb)) == rgb
    assert parse_hex(format_hex(rgb)[1:].upper()) == rgb
    assert format_hex(np.array(rgb, np.uint8)) == format_hex(rgb)


def test_known_values():
    assert parse_hex("#7b4a2d") == (123, 74, 45)
    assert parse_hex("#abc") == (170, 187, 204)
    assert parse_hex(" 7B4A2D ") == (123, 74, 45)
    assert format_hex((0, 10, 255)) == "#000aff"


@pytest.mark.parametrize("text", ["", "#", "#12", "#1234", "#1234567", "#gggggg", "##abc", "red", "١٢٣", None, 7])
def test_anything_else_is_named(text):
    with pytest.raises(HintError, match="is not a color: write") as caught:
        parse_hex(text)
    assert repr(text) in str(caught.value)
