import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Which rooms of src/ a room may import from (besides itself). docs/architecture.md draws the same arrows. */
const arrows = {
  system: [],
  config: ['system'],
  engine: ['system'],
  video: ['system'],
  evaluation: ['system', 'engine/random'],
  checkpoints: ['system', 'engine'],
  models: ['system', 'engine', 'config'],
  data: ['system', 'engine', 'video', 'config'],
  train: ['system', 'engine', 'config', 'models'],
  report: ['system', 'video', 'evaluation', 'config'],
  stages: ['system', 'engine', 'video', 'config', 'train', 'models', 'data', 'evaluation', 'report', 'checkpoints'],
};
const rooms = [...Object.keys(arrows), 'cli'];

/** Which rooms of src/stages/ a room may import from, besides itself and the contract of a stage, stage.ts. */
const stageArrows = {
  run: [],
  training: ['run'],
  weights: ['run'],
  encoder: ['run', 'training', 'weights'],
  pretrain: ['run', 'training', 'weights', 'encoder'],
  classify: ['run', 'training', 'encoder', 'pretrain'],
  joint: ['run', 'training', 'encoder'],
  features: ['run', 'training', 'encoder'],
  pretext: ['run', 'training', 'weights', 'encoder', 'features'],
  segments: ['run', 'training', 'features'],
  localize: ['run', 'segments'],
  head: ['run', 'training', 'features', 'segments', 'localize'],
  detect: ['run', 'training', 'encoder', 'features', 'segments', 'localize'],
  estimate: ['run', 'training', 'encoder', 'features', 'pretext', 'segments'],
};

/** What a file of a room must not import from other rooms of src/. */
const betweenRooms = (room) =>
  rooms
    .filter((other) => other !== room && !arrows[room].includes(other))
    .map((other) => ({
      regex: `^(\\.\\./)+${other}/(?!${
        arrows[room]
          .filter((a) => a.startsWith(`${other}/`))
          .map((a) => `${a.slice(other.length + 1)}\\.js$`)
          .join('|') || '$^'
      })`,
      message: `src/${room} must not import from src/${other} (docs/architecture.md).`,
    }));

/** What a file of a room of src/stages/ must not import from the others, nor from the pipeline, which imports them. */
const betweenStageRooms = (room) =>
  [...Object.keys(stageArrows).filter((other) => other !== room && !stageArrows[room].includes(other)), 'pipeline'].map(
    (other) => ({
      regex: `^\\.\\./${other}(/|\\.js$)`,
      message: `src/stages/${room} must not import from src/stages/${other} (docs/architecture.md).`,
    }),
  );

const restricted = (files, patterns) => ({ files, rules: { 'no-restricted-imports': ['error', { patterns }] } });

const arrowRules = [
  ...Object.keys(arrows).map((room) => restricted([`src/${room}/**/*.ts`], betweenRooms(room))),
  // A later rule takes the place of an earlier one: these say both.
  ...Object.keys(stageArrows).map((room) =>
    restricted([`src/stages/${room}/**/*.ts`], [...betweenRooms('stages'), ...betweenStageRooms(room)]),
  ),
];

export default tseslint.config(
  { ignores: ['dist', 'runs', 'node_modules', 'docs'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off', // tensors of a caller-named rank
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite', 'before', 'after'], package: 'node:test' },
          ],
        },
      ],
    },
  },
  ...arrowRules,
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
  },
);
