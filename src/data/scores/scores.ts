/** The score that a classifier of whole videos gave to each label. */
export type ClassScores = readonly { label: string; score: number }[];

/** Class scores by video id. */
export type VideoScores = ReadonlyMap<string, ClassScores>;
