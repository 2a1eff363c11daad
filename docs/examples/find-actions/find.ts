/** Prints what a model finds in videos, a line of JSON each: node find.js model.lofi VIDEO… */
import { loadModel, WorkError } from 'lofi-tal';

const [bundle = 'model.lofi', ...videos] = process.argv.slice(2);
const model = await loadModel(bundle);
for (const video of videos) {
  try {
    for await (const { label, score, start, end } of model.detect(video)) {
      if (score > 0.1) console.log(JSON.stringify({ video, label, score, start, end }));
    }
  } catch (error) {
    if (!(error instanceof WorkError)) throw error;
    console.error(error.message);
  }
}
model.dispose();
