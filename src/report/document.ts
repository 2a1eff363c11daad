import { html, raw, type Html } from './html.js';
import { style } from './style.js';

/** Content security policy: a page may load nothing but videos from its own location. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; media-src 'self' file:";

/** A complete HTML document that loads nothing from elsewhere. */
export function htmlDocument(title: string, content: Html, navigation = html``): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <link rel="icon" href="data:," />
        <title>${title}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          ${navigation}
        </header>
        <main>${content}</main>
      </body>
    </html> `;
  return page.markup;
}
