import type { Browser } from 'playwright-core';

/** A decoded screenshot. */
export class Picture {
  private constructor(
    readonly width: number,
    readonly height: number,
    private readonly rgba: Buffer,
  ) {}

  /** Decodes a PNG in a page of its own. */
  static async decode(browser: Browser, png: Buffer): Promise<Picture> {
    const page = await browser.newPage();
    const [width, height, rgba] = await page.evaluate<[number, number, string]>(`(async () => {
      const image = new Image();
      image.src = 'data:image/png;base64,${png.toString('base64')}';
      await image.decode();
      const { width, height } = image;
      const context = new OffscreenCanvas(width, height).getContext('2d');
      context.drawImage(image, 0, 0);
      const bytes = new Blob([context.getImageData(0, 0, width, height).data]);
      const url = await new Promise((done) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result);
        reader.readAsDataURL(bytes);
      });
      return [width, height, url.slice(url.indexOf(',') + 1)];
    })()`);
    await page.close();
    return new Picture(width, height, Buffer.from(rgba, 'base64'));
  }

  /** Red, green and blue at a place given in fractions of width and height. */
  at(x: number, y: number): [number, number, number] {
    const at = 4 * (Math.floor(y * this.height) * this.width + Math.floor(x * this.width));
    return [this.rgba[at]!, this.rgba[at + 1]!, this.rgba[at + 2]!];
  }

  /** The number of pixels with this colour (`#rrggbb`), within 12 in each channel. */
  count(colour: string): number {
    const wanted = [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16));
    let count = 0;
    for (let at = 0; at < this.rgba.length; at += 4) {
      if (wanted.every((value, c) => Math.abs(value - this.rgba[at + c]!) <= 12)) count++;
    }
    return count;
  }
}
