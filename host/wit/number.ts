/** The least and the greatest integer of each type that a number holds. */
export const integerRanges = {
  u8: [0, 255],
  s8: [-128, 127],
  u16: [0, 65_535],
  s16: [-32_768, 32_767],
  u32: [0, 4_294_967_295],
  s32: [-2_147_483_648, 2_147_483_647],
} as const;

/** The same of those that are bigints. */
export const longRanges = {
  u64: [0n, 18_446_744_073_709_551_615n],
  s64: [-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n],
} as const;

/** What jco has lists of numbers as. */
export const typedArrays = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;
