import {
  labelsOfVideos,
  lineLabel,
  milliseconds,
  videoName,
  type Exported,
  type ExportedVideo,
} from './exported-video.js';

/** A project of the VGG Image Annotator 3: one attribute whose options are the classes, a view for each video. */
export function viaProjectOf(videos: readonly ExportedVideo[]): Exported {
  const labels = labelsOfVideos(videos);
  const number = new Map(labels.map((label, i) => [label, String(i)]));
  const ids = videos.map((_, i) => String(i + 1));
  const byId = <T>(make: (video: ExportedVideo, id: string) => T) =>
    Object.fromEntries(videos.map((video, i) => [ids[i]!, make(video, ids[i]!)]));
  const metadata = videos.flatMap(({ actions }, i) =>
    actions.map((action, n) => {
      const [start, end] = milliseconds(action).map((time) => time / 1000);
      const segment = {
        vid: ids[i]!,
        flg: 0,
        z: [start, end],
        xy: [],
        av: { '1': number.get(lineLabel(action.label))! },
      };
      return [`${ids[i]!}_${String(n + 1).padStart(8, '0')}`, segment] as const;
    }),
  );
  const project = {
    project: {
      pid: '__VIA_PROJECT_ID__',
      rev: '__VIA_PROJECT_REV_ID__',
      rev_timestamp: '__VIA_PROJECT_REV_TIMESTAMP__',
      pname: 'lofi',
      creator: 'VGG Image Annotator (http://www.robots.ox.ac.uk/~vgg/software/via)',
      created: 946684800000,
      vid_list: ids,
      data_format_version: '3.1.2',
    },
    config: {
      file: { loc_prefix: { '1': '', '2': '', '3': '', '4': '' } },
      ui: {
        file_content_align: 'center',
        file_metadata_editor_visible: true,
        spatial_metadata_editor_visible: true,
        temporal_segment_metadata_editor_visible: true,
        spatial_region_label_attribute_id: '',
        gtimeline_visible_row_count: '4',
      },
    },
    attribute: {
      '1': {
        aname: 'TEMPORAL-SEGMENTS',
        anchor_id: 'FILE1_Z2_XY0',
        type: 4,
        desc: 'Actions',
        options: Object.fromEntries(labels.map((label, i) => [String(i), label])),
        default_option_id: '',
      },
    },
    // Type 4 is a video; location 1 is a local file, which VIA asks for when it is opened.
    file: byId((video, fid) => ({ fid, fname: videoName(video), type: 4, loc: 1, src: '' })),
    metadata: Object.fromEntries(metadata),
    view: byId((_, id) => ({ fid_list: [id] })),
  };
  return { content: `${JSON.stringify(project)}\n`, notes: [] };
}
