// Philox4x32-10 (Salmon et al. 2011), the twin of crate/src/rng.rs, equal as integers.

fn multiply_high(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  let low = a0 * b0;
  let middle = a1 * b0 + (low >> 16u);
  let other = a0 * b1 + (middle & 0xffffu);
  return a1 * b1 + (middle >> 16u) + (other >> 16u);
}

fn philox4x32(start: vec4u, start_key: vec2u) -> vec4u {
  var counter = start;
  var key = start_key;
  for (var round = 0u; round < 10u; round++) {
    counter = vec4u(
      multiply_high(counter.z, 0xCD9E8D57u) ^ counter.y ^ key.x,
      counter.z * 0xCD9E8D57u,
      multiply_high(counter.x, 0xD2511F53u) ^ counter.w ^ key.y,
      counter.x * 0xD2511F53u,
    );
    key += vec2u(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

// a word as a uniform number in [0, 1)
fn uniform_from(word: u32) -> f32 { return f32(word >> 8u) * (1.0 / 16777216.0); }

// a pair of words as two standard normal numbers, by Box and Muller
fn normals_from(a: u32, b: u32) -> vec2f {
  let radius = sqrt(-2.0 * log(f32((a >> 8u) + 1u) * (1.0 / 16777216.0)));
  let angle = 6.283185307179586 * uniform_from(b);
  return radius * vec2f(cos(angle), sin(angle));
}
