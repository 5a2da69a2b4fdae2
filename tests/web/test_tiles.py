"""The photo's own pixels on large screens."""


def test_all_that_a_large_screen_shows_stays(ask):
    seen = ask("tiles", {"photo": [12000, 8000], "stage": [5120, 2880], "scale": 0.52, "most": 300})
    assert seen["sharp"] and 192 < seen["fetched"] == seen["kept"] < 300
    seen = ask("tiles", {"photo": [12000, 8000], "stage": [1600, 900], "scale": 0.52, "most": 300})
    assert seen["sharp"] and seen["fetched"] == seen["kept"] < 50
