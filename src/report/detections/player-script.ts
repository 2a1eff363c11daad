/**
 * The page's script that plays a video when the timeline sends `play`, and shows the current position in the timeline.
 */
export const playerScript = `
'use strict';
(() => {
  const chart = document.getElementById('tracks');
  const player = document.getElementById('player');
  const film = document.getElementById('film');
  const note = document.getElementById('player-note');
  let playing;

  const close = () => {
    playing = undefined;
    film.removeAttribute('src');
    film.load();
    player.hidden = true;
    chart.classList.remove('playing');
  };

  chart.addEventListener('play', ({ detail: { video, seconds } }) => {
    note.textContent = video.file ? '' : 'The dataset does not say where the file of this video is.';
    if (!video.file) return;
    if (playing !== video) film.src = video.file;
    playing = video;
    player.hidden = false;
    film.currentTime = seconds;
    // If the browser does not allow it to start by itself, the user has its controls.
    film.play().catch(() => {});
  });
  chart.addEventListener('show', ({ detail: { video } }) => {
    note.textContent = '';
    if (playing && playing !== video) close();
  });
  film.addEventListener('timeupdate', () => {
    if (!playing) return;
    chart.classList.add('playing');
    chart.style.setProperty('--now', Math.min(100, (100 * film.currentTime) / playing.duration) + '%');
  });
  film.addEventListener('error', () => {
    if (!playing) return;
    note.textContent = 'This video cannot be played here: ' + decodeURIComponent(playing.file) +
      ' (relative to the page) does not exist, or has a format that the browser does not know.';
    close();
  });
  document.getElementById('close-player').addEventListener('click', close);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && playing) close();
  });
})();
`;
