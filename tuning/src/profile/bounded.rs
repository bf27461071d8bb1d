//! Numbers of a profile that are refused where they make no sense.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A whole number from `LEAST` to `MOST` that is a multiple of `STEP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounded<const LEAST: u64, const MOST: u64, const STEP: u64 = 1>(u64);

impl<const LEAST: u64, const MOST: u64, const STEP: u64> Bounded<LEAST, MOST, STEP> {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl<'de, const LEAST: u64, const MOST: u64, const STEP: u64> Deserialize<'de>
    for Bounded<LEAST, MOST, STEP>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        if (LEAST..=MOST).contains(&number) && number.is_multiple_of(STEP) {
            return Ok(Self(number));
        }
        let multiple = if STEP > 1 { format!("a multiple of {STEP} ") } else { String::new() };
        Err(D::Error::custom(format!("{number} must be {multiple}from {LEAST} to {MOST}")))
    }
}

/// A power of two from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerOfTwo<const LEAST: u64, const MOST: u64>(u64);

impl<const LEAST: u64, const MOST: u64> PowerOfTwo<LEAST, MOST> {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for PowerOfTwo<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        if (LEAST..=MOST).contains(&number) && number.is_power_of_two() {
            return Ok(Self(number));
        }
        Err(D::Error::custom(format!("{number} must be a power of two from {LEAST} to {MOST}")))
    }
}
