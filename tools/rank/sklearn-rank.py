"""Solves rank pooling by scikit-learn: reads a JSON array of {V, y, C, epsilon} from stdin, prints one of u."""

import json
import sys

import numpy as np
from sklearn.svm import LinearSVR


def solve(V, y, C, epsilon):
    # scikit-learn weighs the sum of squares by C, rank pooling by C/2.
    model = LinearSVR(
        loss="squared_epsilon_insensitive",
        dual=False,
        fit_intercept=False,
        C=C / 2,
        epsilon=epsilon,
        tol=1e-14,
        max_iter=100000,
    )
    return model.fit(np.array(V), np.array(y)).coef_.ravel().tolist()


print(json.dumps([solve(**problem) for problem in json.load(sys.stdin)]))
