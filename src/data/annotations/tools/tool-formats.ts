import { audacity } from '../formats/audacity.js';
import { borisAggregated } from '../formats/boris/boris-aggregated.js';
import { borisProject } from '../formats/boris/boris-project.js';
import { borisTabular, borisTabular7 } from '../formats/boris/boris-tabular.js';
import { datasetFileFormat } from '../formats/dataset-file.js';
import { deepethogram } from '../formats/deepethogram.js';
import { detectionsFile } from '../formats/detections-file.js';
import { elan } from '../formats/elan.js';
import { labelStudio } from '../formats/label-studio.js';
import { nova } from '../formats/nova.js';
import { praat } from '../formats/praat.js';
import { spreadsheet } from '../formats/spreadsheet.js';
import { srtFile, vttFile } from '../formats/subtitle-files.js';
import { viaCsv } from '../formats/via-csv.js';
import { viaProject } from '../formats/via-project.js';
import type { ToolFormat } from './tool-format.js';

/** Every form of annotation files that is told by its content. No file may fit two of them. */
export const toolFormats: readonly ToolFormat[] = [
  borisProject,
  borisTabular,
  borisTabular7,
  borisAggregated,
  elan,
  viaProject,
  viaCsv,
  labelStudio,
  audacity,
  praat,
  deepethogram,
  nova,
  srtFile,
  vttFile,
  detectionsFile,
  datasetFileFormat,
  spreadsheet,
];
