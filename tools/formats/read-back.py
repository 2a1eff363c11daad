"""
Reads what `lofi export-annotations` wrote with the public readers of each format, and compares it with the dataset.

  python3 -m venv venv && venv/bin/pip install pympi-ling praatio webvtt-py srt tablib
  venv/bin/pip install --no-deps boris-behav-obs
  lofi export-annotations dataset.json --format elan --out out/elan   (and boris, srt, vtt, audacity, … likewise)
  venv/bin/python tools/formats/read-back.py dataset.json out

OUT holds elan/, srt/, vtt/, audacity/ and deepethogram/ with a file for each video, and lab.boris. Prints for each
format the number of actions and the largest difference of a start or an end in seconds. Fails where actions are missing
or more.
Of BORIS only what reads and checks projects is imported; windows and plots are replaced by stand-ins.
"""

import html
import importlib.util
import json
import pathlib
import sys
import types
from unittest import mock


def truth(dataset):
    database = json.loads(pathlib.Path(dataset).read_text(encoding="utf-8"))["database"]
    return {id: sorted((a["label"], *a["segment"]) for a in v["annotations"]) for id, v in database.items()}


def elan(folder, id):
    import pympi

    eaf = pympi.Elan.Eaf(str(folder / f"{id}.eaf"))
    for tier in eaf.get_tier_names():
        for start, end, value in eaf.get_annotation_data_for_tier(tier):
            yield value, start / 1000, end / 1000


def praat_of_elan(folder, id):
    """ELAN's file turned into a TextGrid by pympi, and that read by praatio."""
    import pympi
    from praatio import textgrid

    eaf = pympi.Elan.Eaf(str(folder / f"{id}.eaf"))
    if not any(eaf.get_annotation_data_for_tier(tier) for tier in eaf.get_tier_names()):
        return
    grid = folder / f"{id}.TextGrid"
    eaf.to_textgrid().to_file(str(grid))
    for tier in textgrid.openTextgrid(str(grid), includeEmptyIntervals=False).tiers:
        for start, end, label in tier.entries:
            yield label, start, end


def srt(folder, id):
    import srt as library

    for cue in library.parse((folder / f"{id}.srt").read_text(encoding="utf-8")):
        yield cue.content, cue.start.total_seconds(), cue.end.total_seconds()


def vtt(folder, id):
    import webvtt

    for cue in webvtt.read(str(folder / f"{id}.vtt")):
        # webvtt leaves entities as they are.
        yield html.unescape(cue.text), cue.start_in_seconds + cue.start_time.milliseconds / 1000, (
            cue.end_in_seconds + cue.end_time.milliseconds / 1000
        )


def audacity(folder, id):
    for line in (folder / f"{id}.txt").read_text(encoding="utf-8").splitlines():
        start, end, label = line.split("\t")
        yield label, float(start), float(end)


def boris(file):
    # The package itself would open the program: only what reads projects is imported, without windows and plots.
    package = types.ModuleType("boris")
    package.__path__ = importlib.util.find_spec("boris").submodule_search_locations
    sys.modules["boris"] = package
    windows = ("PyQt5", "PyQt5.QtWidgets", "PyQt5.QtCore", "PyQt5.QtGui", "PyQt5.QtMultimedia", "PIL",
               "PIL.ImageQt", "exifread", "pyreadr", "matplotlib")
    for name in (*windows, "boris.mpv", "boris.mpv2", "boris.db_functions", "boris.dialog",
                 "boris.observation_operations"):
        sys.modules[name] = mock.MagicMock()
    from boris import project_functions

    _, _, project, message = project_functions.open_project_json(str(file))
    if "error" in project:
        raise SystemExit(f"BORIS: {project['error']} {message}")
    ethogram = project["behaviors_conf"]
    for id, observation in project["observations"].items():
        paired, message = project_functions.check_state_events_obs(id, ethogram, observation)
        if not paired:
            raise SystemExit(f"BORIS: {id}: {message}")
        open_at, found = {}, []
        for time, subject, code, *_ in observation["events"]:
            key = (subject, code)
            if key in open_at:
                found.append((code, float(open_at.pop(key)), float(time)))
            else:
                open_at[key] = time
        yield id, found


def compare(name, wanted, found):
    found = sorted(found)
    if [one[0] for one in found] != [one[0] for one in wanted]:
        raise SystemExit(f"{name}: {len(found)} actions for {len(wanted)}, or other labels")
    return max((abs(a - b) for one, other in zip(found, wanted) for a, b in zip(one[1:], other[1:])), default=0)


def main(dataset, out):
    wanted, out = truth(dataset), pathlib.Path(out)
    count = sum(len(list_) for list_ in wanted.values())
    by_file = {"elan": elan, "elan as TextGrid": praat_of_elan, "srt": srt, "vtt": vtt, "audacity": audacity}
    for name, read in by_file.items():
        folder = out / name.split()[0]
        largest = max(compare(f"{name} {id}", list_, read(folder, id)) for id, list_ in wanted.items())
        print(f"{name}: {count} actions in {len(wanted)} videos, largest difference {largest:.6f} s")
    read = dict(boris(out / "lab.boris"))
    largest = max(compare(f"boris {id}", list_, read[id]) for id, list_ in wanted.items())
    print(f"boris: {count} actions in {len(wanted)} videos, largest difference {largest:.6f} s")


main(*sys.argv[1:])
