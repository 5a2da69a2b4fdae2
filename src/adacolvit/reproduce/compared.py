"""What all tables share: a line per system, the paper's number beside the one found, and the claims."""

from collections.abc import Callable, Mapping, Sequence

from .found import Found
from .page import Claim, claims, lpips_note, table
from .paper import Numbers, System

HINTS = 10


Paper = Callable[[str], Mapping[System, Numbers]]  # what a data set is called -> the paper's numbers on it


def write(found: Sequence[Found], numbers: Paper, stated: Sequence[Claim]) -> list[str]:
    """Parts of a page, for each data set."""
    parts = []
    for one in found:
        parts.append(f"## {one.data.title}, {len(one.data.photos)} photos")
        parts += [lines(one, numbers(one.data.title)), *lpips_note(one)]
        if stated:
            parts.append(claims(one, stated))
    return parts


def lines(found: Found, paper: Mapping[System, Numbers]) -> str:
    """The table: a line for every system of the paper, and one for each of the others that was measured."""
    columns = _columns(found)
    body = []
    for system, reported in paper.items():
        own = found.of(system) or [None]
        body += [[system.label, *(cell(reported, trained) for cell in columns.values())] for trained in own]
    known = {system.network for system in paper}
    for trained in found.rows:
        if trained.network not in known:
            body.append([trained.network, *(cell(Numbers(), trained) for cell in columns.values())])
    return table(["", *columns], body)


def _columns(found: Found) -> dict[str, Callable]:
    """Heads, and (the paper's numbers, weights or None) -> a cell."""

    def here(measure: str, digits: int, scale: float = 1.0, ends: tuple[str, str] = ("low", "high")):
        def cell(_, trained) -> str:
            if trained is None:
                return "-"
            entry = found.entry(trained, HINTS)
            if entry[measure] is None:
                return "-"
            low, high = (entry.get(f"{measure}_{end}") for end in ends)
            spread = "" if low is None else f" ({low * scale:.{digits}f}..{high * scale:.{digits}f})"
            return f"{entry[measure] * scale:.{digits}f}{spread}"

        return cell

    def paper(name: str, digits: int):
        def cell(reported: Numbers, _) -> str:
            value = getattr(reported, name)
            return "-" if value is None else f"{value:.{digits}f}"

        return cell

    columns = {
        "GMACs, paper": paper("gmacs", 2),
        "here (5..95 %)": here("macs", 3, 1e-9, ("p5", "p95")),
        "PSNR, paper": paper("psnr", 2),
        "here (95 %)": here("psnr", 2),
        "LPIPS, paper": paper("lpips", 3),
        "paper-compatible": here("lpips_unscaled", 3),
        "correct": here("lpips", 3),
    }
    if found.milliseconds:
        columns["ms, paper"] = paper("milliseconds", 0)
        columns["here, median"] = lambda _, trained: (
            f"{found.milliseconds[trained]['median']:.1f}" if trained in found.milliseconds else "-"
        )
    return columns
