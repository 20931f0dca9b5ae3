import type { BrowserContext } from 'playwright-core';

/** How many pixels of a PNG are not of the colour of its first one, decoded by the browser. */
export async function inkOf(context: BrowserContext, png: Buffer): Promise<number> {
  const page = await context.newPage();
  try {
    return await page.evaluate(`(async () => {
      const bytes = Uint8Array.from(atob(${JSON.stringify(png.toString('base64'))}), (one) => one.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const drawing = new OffscreenCanvas(image.width, image.height).getContext('2d');
      drawing.drawImage(image, 0, 0);
      const pixels = new Uint32Array(drawing.getImageData(0, 0, image.width, image.height).data.buffer);
      return pixels.filter((pixel) => pixel !== pixels[0]).length;
    })()`);
  } finally {
    await page.close();
  }
}
