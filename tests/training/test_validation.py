"""Photos that a network in training is looked at on."""

from adacolvit.training.validation import PHOTOS, Validation

from ..evaluation.conftest import made_up, png, write_tar


def test_every_class_of_a_sorted_set_is_validated_on(tmp_path):
    photo = png(made_up(32, 32, 0))
    write_tar(tmp_path / "classes.tar", {f"{kind}/{i:02}.png": photo for kind in "abc" for i in range(PHOTOS)})
    keys = [source.key for source in Validation(str(tmp_path / "classes.tar"), tmp_path).sources]
    assert len(keys) == PHOTOS and [key[0] for key in keys] == sorted("abc" * (PHOTOS // 3))
