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

const arrowRules = Object.entries(arrows).map(([room, allowed]) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: rooms
          .filter((other) => other !== room && !allowed.includes(other))
          .map((other) => ({
            regex: `^(\\.\\./)+${other}/(?!${
              allowed
                .filter((a) => a.startsWith(`${other}/`))
                .map((a) => `${a.slice(other.length + 1)}\\.js$`)
                .join('|') || '$^'
            })`,
            message: `src/${room} must not import from src/${other} (docs/architecture.md).`,
          })),
      },
    ],
  },
}));

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
