/* SHA-256 (FIPS 180-4) of a text, in hex; written out because crypto.subtle is missing on plain http. */
const sha256 = (() => {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (x) => Math.floor((x - Math.floor(x)) * 4294967296) | 0;
  const K = primes.map((p) => fraction(Math.cbrt(p)));
  const START = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
  const turn = (x, n) => (x >>> n) | (x << (32 - n));

  const padded = (text) => {
    const bytes = new TextEncoder().encode(text);
    const block = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6);
    block.set(bytes);
    block[bytes.length] = 0x80;
    new DataView(block.buffer).setUint32(block.length - 4, bytes.length * 8);
    return new DataView(block.buffer);
  };

  const schedule = (view, at) => {
    const w = new Int32Array(64);
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const a = w[t - 15], b = w[t - 2];
      const s0 = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3), s1 = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    return w;
  };

  const round = (state, w) => {
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + w[t]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    return [a, b, c, d, e, f, g, h].map((x, k) => (x + state[k]) | 0);
  };

  return (text) => {
    const view = padded(text);
    let state = START;
    for (let at = 0; at < view.byteLength; at += 64) state = round(state, schedule(view, at));
    return state.map((x) => (x >>> 0).toString(16).padStart(8, "0")).join("");
  };
})();
