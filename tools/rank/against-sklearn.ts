/**
 * Compares the solver of rank pooling with scikit-learn's LinearSVR on random problems:
 *
 *   pip install scikit-learn && npx tsx tools/rank/against-sklearn.ts
 *
 * Prints one JSON line for each problem: {steps, channels, C, epsilon, targets, error}, where `error` is the largest
 * one relative to the largest value of u.
 */
import { print } from '../../src/system/say.js';
import { compareSolvers } from './compare-solvers.js';

const found = compareSolvers('python3');
if (!found) throw new Error('python3 with scikit-learn is needed: pip install scikit-learn');
for (const one of found) print(JSON.stringify(one));
