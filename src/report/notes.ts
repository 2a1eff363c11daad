import type { DetectionMetrics } from '../evaluation/detections.js';
import type { ProposalMetrics } from '../evaluation/average-recall.js';
import { listed } from '../evaluation/select.js';

/** One line for each kind of odd entry that the evaluator found in a prediction file; none for a clean file. */
export function detectionNotes({ counts, unknown }: Pick<DetectionMetrics, 'counts' | 'unknown'>): string[] {
  return [
    counts.videos_missing > 0 && `${counts.videos_missing} videos of the subset have no predictions`,
    unknown.videos.length > 0 &&
      `not in the subset: ${listed(unknown.videos)}; ` +
        `their ${counts.detections_unknown_video} detections count as false positives`,
    unknown.labels.length > 0 &&
      `without an instance: ${listed(unknown.labels, 'label')}; ` +
        `their ${counts.detections_unknown_label} detections are left out`,
    (counts.detections_unlabelled ?? 0) > 0 &&
      `${counts.detections_unlabelled!} detections lie where nobody has labelled, and are left out`,
    counts.detections_empty_segment > 0 &&
      `${counts.detections_empty_segment} detections end before they start, or as they start`,
    counts.detections_nan > 0 && `${counts.detections_nan} detections have a score that is not a number, and rank last`,
  ].filter((note) => note !== false);
}

/** Like {@link detectionNotes}, for proposals. */
export function proposalNotes({ counts }: ProposalMetrics): string[] {
  return [
    counts.videos_missing > 0 && `${counts.videos_missing} videos of the subset have no proposals`,
    (counts.proposals_unlabelled ?? 0) > 0 &&
      `${counts.proposals_unlabelled!} proposals lie where nobody has labelled, and are left out`,
    counts.proposals_unknown_video > 0 &&
      `${counts.proposals_unknown_video} proposals are on videos without an instance in the subset`,
  ].filter((note) => note !== false);
}
