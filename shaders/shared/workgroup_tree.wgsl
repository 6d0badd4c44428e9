// Sums and maxima over the invocations of a workgroup. The importing file declares const SIZE, their number, a power
// of two. Every invocation calls these, and every one gets the result.

var<workgroup> partial: array<f32, SIZE>;

fn workgroup_sum(value: f32, lane: u32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      partial[lane] += partial[lane + half];
    }
    workgroupBarrier();
  }
  let result = partial[0];
  // the next reduction overwrites what the slowest invocation may not have read yet
  workgroupBarrier();
  return result;
}

fn workgroup_max(value: f32, lane: u32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      partial[lane] = max(partial[lane], partial[lane + half]);
    }
    workgroupBarrier();
  }
  let result = partial[0];
  workgroupBarrier();
  return result;
}
