// The WGSL twins of the table in crate/src/ops/pointwise/functions.rs: pw_NAME for each row.

// some drivers' exp and tanh give NaN for large arguments, so each is clamped to where f32 can tell the difference

fn pw_add(a: f32, b: f32) -> f32 { return a + b; }
fn pw_sub(a: f32, b: f32) -> f32 { return a - b; }
fn pw_mul(a: f32, b: f32) -> f32 { return a * b; }
fn pw_div(a: f32, b: f32) -> f32 { return a / b; }
fn pw_maximum(a: f32, b: f32) -> f32 { return select(b, a, a >= b); }
fn pw_minimum(a: f32, b: f32) -> f32 { return select(b, a, a <= b); }
fn pw_pow(a: f32, b: f32) -> f32 { return pw_exp(b * log(a)); }
fn pw_greater(a: f32, b: f32) -> f32 { return select(0.0, 1.0, a > b); }
fn pw_greater_equal(a: f32, b: f32) -> f32 { return select(0.0, 1.0, a >= b); }
fn pw_equal(a: f32, b: f32) -> f32 { return select(0.0, 1.0, a == b); }
fn pw_leaky_relu(x: f32, slope: f32) -> f32 { return select(x * slope, x, x > 0.0); }
fn pw_clamp(x: f32, low: f32, high: f32) -> f32 { return select(select(x, high, x > high), low, x < low); }
fn pw_select(c: f32, a: f32, b: f32) -> f32 { return select(b, a, c != 0.0); }
fn pw_neg(x: f32) -> f32 { return -x; }
fn pw_abs(x: f32) -> f32 { return abs(x); }
fn pw_exp(x: f32) -> f32 { return select(exp(clamp(x, -87.3, 88.7)), 0.0, x < -87.3); }
fn pw_log(x: f32) -> f32 { return log(x); }
fn pw_log1p(x: f32) -> f32 {
  // ln(1 + x) loses x's low bits to the rounding of 1 + x; the quotient puts them back
  let sum = 1.0 + x;
  return log(sum) + (x - (sum - 1.0)) / sum;
}
fn pw_sqrt(x: f32) -> f32 { return sqrt(x); }
fn pw_rsqrt(x: f32) -> f32 { return 1.0 / sqrt(x); }
fn pw_reciprocal(x: f32) -> f32 { return 1.0 / x; }
fn pw_square(x: f32) -> f32 { return x * x; }
fn pw_relu(x: f32) -> f32 { return max(x, 0.0); }
fn pw_sigmoid(x: f32) -> f32 {
  let e = exp(-min(abs(x), 87.0));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}
fn pw_silu(x: f32) -> f32 { return x * pw_sigmoid(x); }
fn pw_gelu(x: f32) -> f32 { return 0.5 * x * (1.0 + pw_erf(x * 0.7071067811865476)); }
fn pw_tanh(x: f32) -> f32 { return tanh(clamp(x, -15.0, 15.0)); }
fn pw_softplus(x: f32) -> f32 { return max(x, 0.0) + pw_log1p(exp(-min(abs(x), 87.0))); }
fn pw_sin(x: f32) -> f32 { return sin(x); }
fn pw_cos(x: f32) -> f32 { return cos(x); }
fn pw_erf(x: f32) -> f32 {
  // Abramowitz and Stegun 7.1.26, error below 1.5e-7; a series near 0, where that error would show
  let z = abs(x);
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let far = sign(x) * (1.0 - p * exp(-min(x * x, 87.0)));
  let s = x * x;
  let near = x * (1.1283791671 + s * (-0.3761263890 + s * (0.1128379167 + s * (-0.0268661706 + s * 0.0052239776))));
  return select(far, near, z < 0.3);
}
fn pw_sign(x: f32) -> f32 { return sign(x); }
fn pw_floor(x: f32) -> f32 { return floor(x); }
