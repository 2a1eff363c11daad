/**
 * The browser's part of the timeline: draws the chosen video only, so that 5,000 of them load as fast as one.
 * All text goes in by textContent: labels and file names come from users' files.
 */
export const timelineScript = `
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('timeline-data').textContent);
  const find = document.getElementById('find');
  const picker = document.getElementById('video');
  const slider = document.getElementById('score');
  const shown = document.getElementById('score-value');
  const chart = document.getElementById('tracks');
  const rows = document.getElementById('detections');
  const summary = document.getElementById('summary');

  const add = (parent, tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const colour = (label) => 'hsl(' + ((label * 137.508 + 210) % 360).toFixed(0) + ' 65% 52%)';
  const time = (s) => {
    const minutes = Math.floor(s / 60);
    return minutes + ':' + (s - 60 * minutes).toFixed(2).padStart(5, '0');
  };
  const tiou = (a, b) => {
    const both = Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
    return both / (a.end - a.start + b.end - b.start - both);
  };
  const truthOf = (video) => {
    const list = [];
    for (let i = 0; i < video.truth.length; i += 3) {
      list.push({ start: video.truth[i], end: video.truth[i + 1], label: video.truth[i + 2] });
    }
    return list;
  };
  const detectionsOf = (flat, least) => {
    const list = [];
    for (let i = 0; i < flat.length && flat[i + 2] >= least; i += 4) {
      list.push({ start: flat[i], end: flat[i + 1], score: flat[i + 2], label: flat[i + 3] });
    }
    return list;
  };

  const fillPicker = () => {
    const wanted = find.value.trim().toLowerCase();
    const before = picker.value;
    picker.replaceChildren();
    data.videos.forEach((video, index) => {
      if (video.id.toLowerCase().includes(wanted)) picker.append(new Option(video.id, index));
    });
    if ([...picker.options].some((option) => option.value === before)) picker.value = before;
    else if (picker.options.length > 0) picker.selectedIndex = 0;
  };

  const bar = (track, item, duration, className, title) => {
    const node = add(track, 'div', 'bar ' + className);
    node.style.left = (100 * item.start) / duration + '%';
    node.style.width = (100 * (item.end - item.start)) / duration + '%';
    node.style.setProperty('--label', colour(item.label));
    node.title = title;
    return node;
  };

  const axis = (duration) => {
    add(chart, 'div', 'name');
    add(chart, 'div', 'row');
    const track = add(chart, 'div', 'track axis');
    const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600];
    const step = steps.find((s) => duration / s <= 10) || Math.ceil(duration / 10);
    for (let t = 0; t < 0.97 * duration; t += step) {
      const tick = add(track, 'span', 'tick', step < 1 ? t.toFixed(1) : Math.floor(t / 60) + ':' + String(t % 60).padStart(2, '0'));
      tick.style.left = (100 * t) / duration + '%';
    }
  };

  const draw = () => {
    const least = Number(slider.value);
    shown.textContent = least.toPrecision(3);
    chart.replaceChildren();
    rows.replaceChildren();
    const video = data.videos[Number(picker.value)];
    if (!video || picker.value === '') {
      summary.textContent = 'No video matches.';
      return;
    }
    const truth = truthOf(video);
    const byRun = video.detections.map((flat) => detectionsOf(flat, least));
    const labels = [...new Set([...truth, ...byRun.flat()].map((item) => item.label))].sort((a, b) => a - b);

    axis(video.duration);
    for (const label of labels) {
      const name = add(chart, 'div', 'name', data.labels[label]);
      name.title = data.labels[label];
      name.style.setProperty('--label', colour(label));
      name.style.gridRow = 'span ' + (1 + byRun.length);
      add(chart, 'div', 'row first', 'truth');
      const track = add(chart, 'div', 'track first');
      for (const item of truth) {
        if (item.label !== label) continue;
        bar(track, item, video.duration, 'truth', data.labels[label] + ', truth, ' + time(item.start) + ' to ' + time(item.end));
      }
      byRun.forEach((list, run) => {
        add(chart, 'div', 'row', data.runs[run]).title = data.runs[run];
        const track = add(chart, 'div', 'track');
        // Best last, so that it lies on top.
        for (const item of list.filter((d) => d.label === label).reverse()) {
          const title = data.labels[label] + ', ' + data.runs[run] + ', score ' + item.score + ', ' + time(item.start) + ' to ' + time(item.end);
          bar(track, item, video.duration, 'detection', title).style.opacity = (0.25 + (0.75 * item.score) / data.maxScore).toFixed(3);
        }
      });
    }

    let count = 0;
    byRun.forEach((list, run) => {
      for (const item of list) {
        count++;
        const best = Math.max(0, ...truth.filter((t) => t.label === item.label).map((t) => tiou(t, item)));
        const row = add(rows, 'tr');
        for (const text of [data.runs[run], data.labels[item.label], time(item.start), time(item.end), item.score, best.toFixed(2)]) {
          add(row, 'td', '', String(text));
        }
      }
    });
    summary.textContent = time(video.duration) + ' long, ' + truth.length + ' instances, ' + count + ' detections shown';
  };

  const move = (by) => {
    const next = picker.selectedIndex + by;
    if (next < 0 || next >= picker.options.length) return;
    picker.selectedIndex = next;
    draw();
  };
  find.addEventListener('input', () => { fillPicker(); draw(); });
  picker.addEventListener('change', draw);
  slider.addEventListener('input', draw);
  document.getElementById('previous').addEventListener('click', () => move(-1));
  document.getElementById('next').addEventListener('click', () => move(1));

  slider.max = data.maxScore;
  slider.value = data.threshold;
  fillPicker();
  draw();
})();
`;
