"""Detection mAP as in ActivityNet's official eval_detection.py: pandas frames, a loop over rows, numpy for AP.

    python activitynet_eval.py GROUND_TRUTH PREDICTIONS SUBSET [--tiou 0.5 0.55 ...]

prints {"mAP", "average_mAP", "read_seconds", "evaluate_seconds"}. `lofi evaluate` is measured against it
(tools/bench/evaluation.ts). It is written anew from the algorithm and does the same work for each detection as the
official code (a row of the frame, the group of its video, its tIoU with each instance, claims threshold by threshold).
Two things differ: ties keep file order, and classes are processed one after the other instead of by joblib. Needs
pandas.
"""
import argparse
import json
import time

import numpy as np
import pandas as pd


def read_truth(file, subset):
    labels, rows = {}, []
    with open(file) as stream:
        database = json.load(stream)["database"]
    for video, entry in database.items():
        if entry["subset"] != subset:
            continue
        for annotation in entry["annotations"]:
            label = labels.setdefault(annotation["label"], len(labels))
            rows.append((video, float(annotation["segment"][0]), float(annotation["segment"][1]), label))
    return pd.DataFrame(rows, columns=["video-id", "t-start", "t-end", "label"]), labels


def read_predictions(file, labels):
    rows = []
    with open(file) as stream:
        results = json.load(stream)["results"]
    for video, detections in results.items():
        for detection in detections:
            if detection["label"] in labels:
                start, end = detection["segment"]
                rows.append((video, float(start), float(end), labels[detection["label"]], detection["score"]))
    return pd.DataFrame(rows, columns=["video-id", "t-start", "t-end", "label", "score"])


def segment_iou(target, candidates):
    """tIoU of one segment with each row of candidates."""
    intersection = np.minimum(target[1], candidates[:, 1]) - np.maximum(target[0], candidates[:, 0])
    intersection = intersection.clip(0)
    union = (candidates[:, 1] - candidates[:, 0]) + (target[1] - target[0]) - intersection
    return intersection.astype(float) / union


def interpolated_ap(precision, recall):
    """Area under the interpolated curve, PASCAL VOC 2011."""
    precision = np.hstack([[0], precision, [0]])
    recall = np.hstack([[0], recall, [1]])
    for i in range(len(precision) - 2, -1, -1):
        precision[i] = max(precision[i], precision[i + 1])
    steps = np.where(recall[1:] != recall[:-1])[0] + 1
    return np.sum((recall[steps] - recall[steps - 1]) * precision[steps])


def average_precision(truth, prediction, thresholds):
    """AP of one class at each threshold."""
    if prediction.empty:
        return np.zeros(len(thresholds))
    order = np.argsort(-prediction["score"].values, kind="stable")
    prediction = prediction.loc[order].reset_index(drop=True)
    claimed = np.full((len(thresholds), len(truth)), -1)
    hit = np.zeros((len(thresholds), len(prediction)))
    miss = np.zeros((len(thresholds), len(prediction)))
    by_video = truth.groupby("video-id")
    for rank, detection in prediction.iterrows():
        try:
            instances = by_video.get_group(detection["video-id"])
        except KeyError:
            miss[:, rank] = 1
            continue
        instances = instances.reset_index()
        tiou = segment_iou(detection[["t-start", "t-end"]].values, instances[["t-start", "t-end"]].values)
        best_first = tiou.argsort()[::-1]
        for t, threshold in enumerate(thresholds):
            for candidate in best_first:
                if tiou[candidate] < threshold:
                    miss[t, rank] = 1
                    break
                instance = instances.loc[candidate]["index"]
                if claimed[t, instance] >= 0:
                    continue
                hit[t, rank] = 1
                claimed[t, instance] = rank
                break
            if hit[t, rank] == 0 and miss[t, rank] == 0:
                miss[t, rank] = 1
    hits = np.cumsum(hit, axis=1).astype(float)
    misses = np.cumsum(miss, axis=1).astype(float)
    recall = hits / len(truth)
    precision = hits / (hits + misses)
    return np.array([interpolated_ap(precision[t], recall[t]) for t in range(len(thresholds))])


def evaluate(truth, predictions, labels, thresholds):
    by_label = predictions.groupby("label")
    ap = np.zeros((len(thresholds), len(labels)))
    for label in labels.values():
        of_class = truth.loc[truth["label"] == label].reset_index(drop=True)
        try:
            detections = by_label.get_group(label).reset_index(drop=True)
        except KeyError:
            continue
        ap[:, label] = average_precision(of_class, detections, thresholds)
    return ap.mean(axis=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ground_truth")
    parser.add_argument("predictions")
    parser.add_argument("subset")
    parser.add_argument("--tiou", type=float, nargs="+", default=list(np.linspace(0.5, 0.95, 10)))
    args = parser.parse_args()
    begin = time.perf_counter()
    truth, labels = read_truth(args.ground_truth, args.subset)
    predictions = read_predictions(args.predictions, labels)
    read = time.perf_counter()
    map_ = evaluate(truth, predictions, labels, args.tiou)
    end = time.perf_counter()
    print(
        json.dumps(
            {
                "mAP": list(map_),
                "average_mAP": float(map_.mean()),
                "read_seconds": read - begin,
                "evaluate_seconds": end - read,
            }
        )
    )


if __name__ == "__main__":
    main()
