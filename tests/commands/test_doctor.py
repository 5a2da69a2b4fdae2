"""`adacolvit doctor`."""

from adacolvit.cli import main


def test_doctor_times_a_click(small_weights, capsys):
    main(["doctor", "--model", str(small_weights)])
    out = capsys.readouterr().out
    assert "one click" in out and "onnxruntime" in out
