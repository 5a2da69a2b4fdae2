"""LPIPS, with a backbone of random weights in torchvision's layout: the published ones are not part of the project."""

import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from adacolvit.cli import main
from adacolvit.errors import DataError
from adacolvit.evaluation.lpips import BACKBONES, SCALE, SHIFT, Conv, Fire, Lpips, features_of, file_digests
from adacolvit.evaluation.rows import read_table

CHANNELS = {
    "squeeze": (64, 128, 256, 384, 384, 512, 512),
    "alex": (64, 192, 384, 256, 256),
    "vgg": (64, 128, 256, 512, 512),
}
# Published numbers of parameters, less those of the classifiers: 1000 outputs from 512 channels; 3 and 3 full layers.
PARAMETERS = {"squeeze": 1_235_496 - 513_000, "alex": 61_100_840 - 58_631_144, "vgg": 138_357_544 - 123_642_856}
FIRE = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128), 9: (256, 48, 192), 10: (384, 48, 192)}
FIRE |= {11: (384, 64, 256), 12: (512, 64, 256)}  # index -> channels in, squeezed, of each expansion
KERNELS = {"squeeze": {0: 3}, "alex": {0: 11, 3: 5}, "vgg": {}}
WIDTHS = {"squeeze": [64], "alex": [64, 192, 384, 256, 256]}
WIDTHS["vgg"] = [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6


def random_backbone(net: str) -> dict[str, torch.Tensor]:
    generator, weights, channels = torch.Generator().manual_seed(5), {}, 3

    def add(name: str, out: int, into: int, side: int) -> None:
        spread = (2 / (into * side * side)) ** 0.5  # keeps the size of what flows through
        weights[f"features.{name}.weight"] = torch.randn(out, into, side, side, generator=generator) * spread
        weights[f"features.{name}.bias"] = torch.randn(out, generator=generator) * 0.1

    widths = iter(WIDTHS[net])
    for step in BACKBONES[net]:
        if isinstance(step, Conv):
            out = next(widths)
            add(str(step.index), out, channels, KERNELS[net].get(step.index, 3))
            channels = out
        elif isinstance(step, Fire):
            into, few, each = FIRE[step.index]
            assert into == channels
            add(f"{step.index}.squeeze", few, into, 1)
            add(f"{step.index}.expand1x1", each, few, 1)
            add(f"{step.index}.expand3x3", each, few, 3)
            channels = 2 * each
    return weights


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with random weights of all three networks, each in another format."""
    folder = tmp_path_factory.mktemp("lpips")
    generator = torch.Generator().manual_seed(6)
    for net, channels in CHANNELS.items():
        heads = {f"lin{i}.model.1.weight": torch.rand(1, c, 1, 1, generator=generator) for i, c in enumerate(channels)}
        torch.save(heads, folder / f"{net}.pth")
    squeeze = random_backbone("squeeze")
    arrays = {name: value.numpy().astype(np.float16) for name, value in squeeze.items()}
    arrays["classifier.1.weight"] = np.zeros((1000, 512, 1, 1), np.float16)  # not asked for
    np.savez(folder / "squeezenet1_1.npz", **arrays)
    torch.save(random_backbone("alex"), folder / "alexnet-owt-7be5be79.pth")
    save_file(random_backbone("vgg"), folder / "vgg16.safetensors")
    return folder


def picture(seed=0, size=64):
    soft = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return nn.functional.interpolate(soft, size=(size, size), mode="bicubic").clamp(0, 1)[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("net", BACKBONES)
def test_the_backbones_are_the_published_ones(net):
    weights = random_backbone(net)
    assert sum(w.numel() for w in weights.values()) == PARAMETERS[net]
    shapes = [tuple(f.shape) for f in features_of(BACKBONES[net], weights, torch.zeros(1, 3, 224, 224))]
    assert tuple(shape[1] for shape in shapes) == CHANNELS[net]
    sides = {
        "squeeze": [111, 55, 27, 13, 13, 13, 13],
        "alex": [55, 27, 13, 13, 13],
        "vgg": [224, 112, 56, 28, 14],
    }
    assert [shape[2] for shape in shapes] == sides[net]


def test_squeeze_agrees_with_modules_wired_by_hand(files):
    """The published definition in torch's own layers, and the distance as its formula reads."""
    weights = {k: v.half().float() for k, v in random_backbone("squeeze").items()}

    class FireModule(nn.Module):
        def __init__(self, into, few, each):
            super().__init__()
            self.squeeze, self.expand1x1 = nn.Conv2d(into, few, 1), nn.Conv2d(few, each, 1)
            self.expand3x3 = nn.Conv2d(few, each, 3, padding=1)

        def forward(self, x):
            x = self.squeeze(x).relu()
            return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)

    def pool():
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    fires = {index: FireModule(*sizes) for index, sizes in FIRE.items()}
    layers = [nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pool(), fires[3], fires[4], pool(), fires[6], fires[7], pool()]
    network = nn.Sequential(*layers, fires[9], fires[10], fires[11], fires[12])
    network.load_state_dict({name.removeprefix("features."): value for name, value in weights.items()})
    heads = list(torch.load(files / "squeeze.pth", weights_only=True).values())
    one, other = picture(1), picture(2)
    expected = 0.0
    with torch.no_grad():
        pair = torch.stack([torch.from_numpy(p).permute(2, 0, 1) for p in (one, other)]) * 2 - 1
        x = (pair - torch.tensor(SHIFT).view(3, 1, 1)) / torch.tensor(SCALE).view(3, 1, 1)
        taps = iter(heads)
        for index, layer in enumerate(network):
            x = layer(x)
            if index in (1, 4, 7, 9, 10, 11, 12):
                a, b = nn.functional.normalize(x, dim=1)
                expected += float((next(taps)[0] * (a - b) ** 2).sum(0).mean())
    assert Lpips("squeeze", files)(one, other) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("net", BACKBONES)
def test_a_distance(files, net):
    distance = Lpips(net, files)
    truth = picture(3)
    gray = truth.mean(-1, keepdims=True) + np.zeros(3, np.float32)
    for measure in (distance, distance.unscaled):
        assert measure(truth, truth) == 0
        assert measure(truth, gray) == pytest.approx(measure(gray, truth), rel=1e-5)
        steps = [measure(truth + share * (gray - truth), truth) for share in (0.1, 0.3, 0.6, 1.0)]
        assert 0 < steps[0] < steps[1] < steps[2] < steps[3]
    assert distance.unscaled(truth, gray) == pytest.approx(distance(truth / 2 + 0.5, gray / 2 + 0.5), rel=1e-4)


def test_what_is_missing_is_said(files, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(DataError, match=r"needs the backbone squeezenet1_1.*put it there, from https://download"):
        Lpips("squeeze")
    with pytest.raises(DataError, match="no LPIPS network 'resnet': take one of squeeze, alex, vgg"):
        Lpips("resnet")
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    (cache / "squeezenet1_1-b8a52dc0.npz").write_bytes((files / "squeezenet1_1.npz").read_bytes())
    with pytest.raises(DataError, match=r"the linear heads squeeze.pth.*PerceptualSimilarity"):
        Lpips("squeeze")
    (cache / "squeeze.pth").write_bytes((files / "squeeze.pth").read_bytes())
    assert Lpips("squeeze")(picture(4), picture(5)) == Lpips("squeeze", files)(picture(4), picture(5))


class Bomb:
    """What a pickle can hold: something that is run when it is read."""

    exploded = False

    def __reduce__(self):
        return setattr, (Bomb, "exploded", True)


def test_a_file_cannot_run_anything(files, tmp_path):
    (tmp_path / "squeeze.pth").write_bytes((files / "squeeze.pth").read_bytes())
    with open(tmp_path / "squeezenet1_1.pth", "wb") as file:
        pickle.dump(Bomb(), file, protocol=2)  # as torch writes
    with pytest.raises(DataError, match="cannot be read as weights"):
        Lpips("squeeze", tmp_path)
    (tmp_path / "squeezenet1_1.pth").unlink()
    torch.save({"features.0.weight": Bomb()}, tmp_path / "squeezenet1_1.pth")
    with pytest.raises(DataError, match="cannot be read as weights"):
        Lpips("squeeze", tmp_path)
    (tmp_path / "squeezenet1_1.pth").unlink()
    np.savez(tmp_path / "squeezenet1_1.npz", **{"features.0.weight": np.array([Bomb()], object)})
    with pytest.raises(DataError, match="cannot be read as weights"):
        Lpips("squeeze", tmp_path)
    assert not Bomb.exploded


def test_another_networks_weights_are_refused(files, tmp_path):
    (tmp_path / "squeeze.pth").write_bytes((files / "squeeze.pth").read_bytes())
    (tmp_path / "squeezenet1_1.pth").write_bytes((files / "alexnet-owt-7be5be79.pth").read_bytes())
    with pytest.raises(DataError, match=r"holds no features.3.squeeze.weight: it is of another network"):
        Lpips("squeeze", tmp_path)


def test_the_verb_measures_it(photo_set, files, tmp_path, capsys):
    outputs = ["--parquet", str(tmp_path / "rows.parquet"), "--json", str(tmp_path / "out.json")]
    options = ["--baselines", "gray,nearest", "--hints", "100", "--lpips", "squeeze", "--lpips-files", str(files)]
    assert main(["evaluate", "--data", str(photo_set), *options, *outputs]) == 0
    rows = read_table(tmp_path / "rows.parquet")
    gray, nearest = (sum(r.lpips for r in rows if r.method == name) for name in ("gray", "nearest"))
    assert 0 < nearest < gray and all(r.lpips_net == "squeeze" and r.lpips_unscaled > 0 for r in rows)
    assert "LPIPS squeeze" in capsys.readouterr().out
    digests = file_digests("squeeze", files)
    assert all(digest in (tmp_path / "out.json").read_text() for digest in digests.values()) and len(digests) == 2
    again = ["--reuse", str(tmp_path / "rows.parquet")]
    assert main(["evaluate", "--data", str(photo_set), "--baselines", "gray", "--hints", "100", *again]) == 1
    assert "another LPIPS" in capsys.readouterr().err
