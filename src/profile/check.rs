//! Whether a profile holds together: what its readers may rely on.

use std::fmt;

use super::Profile;

/// Why a profile does not hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw(String);

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Flaw {}

impl Profile {
    /// Whether every index is in range, every sample has one value of each type, and each value's magnitudes
    /// add up to what fits an `i64`: so any sum over a part of the samples does, too. Values below 0 are those of a
    /// difference of two profiles: what there is less of.
    ///
    /// # Errors
    /// The first flaw, with the place where it is.
    pub fn check(&self) -> Result<(), Flaw> {
        self.check_locations()?;
        let mut totals = vec![0_i64; self.value_types.len()];
        for (at, sample) in self.samples.iter().enumerate() {
            let flaw = |what: String| Err(Flaw(format!("sample {at}: {what}")));
            for &location in &sample.locations {
                if location as usize >= self.locations.len() {
                    return flaw(format!("there is no location {location}"));
                }
            }
            if sample.values.len() != totals.len() {
                return flaw(format!(
                    "{} values, and the profile has {} types of them",
                    sample.values.len(),
                    totals.len()
                ));
            }
            for (total, &value) in totals.iter_mut().zip(&sample.values) {
                let magnitude = value.checked_abs();
                match magnitude.and_then(|magnitude| total.checked_add(magnitude)) {
                    Some(sum) => *total = sum,
                    None => return flaw("the values add up to more than 2^63".to_owned()),
                }
            }
        }
        Ok(())
    }

    fn check_locations(&self) -> Result<(), Flaw> {
        for (at, location) in self.locations.iter().enumerate() {
            if let Some(mapping) = location.mapping
                && mapping as usize >= self.mappings.len()
            {
                return Err(Flaw(format!(
                    "location {at}: there is no mapping {mapping}"
                )));
            }
            for line in &location.lines {
                if line.function as usize >= self.functions.len() {
                    let function = line.function;
                    return Err(Flaw(format!(
                        "location {at}: there is no function {function}"
                    )));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Builder, Function, Line, Location, Mapping};
    use super::*;

    fn sound() -> Profile {
        let mut builder = Builder::cpu(1);
        let mapping = builder.mapping(Mapping::default());
        let function = builder.function(Function::default());
        let location = builder.location(Location {
            mapping: Some(mapping),
            address: 1,
            lines: vec![Line { function, line: 1 }],
        });
        builder.sample(vec![location], vec![1, 1], vec![]);
        builder.finish()
    }

    #[test]
    fn each_flaw_is_named() {
        assert_eq!(sound().check(), Ok(()));
        let mut difference = sound();
        difference.samples[0].values[1] = -4;
        assert_eq!(difference.check(), Ok(()));
        type Spoil = fn(&mut Profile);
        let cases: [(Spoil, &str); 6] = [
            (|p| p.locations[0].mapping = Some(1), "no mapping 1"),
            (|p| p.locations[0].lines[0].function = 7, "no function 7"),
            (|p| p.samples[0].locations[0] = 3, "no location 3"),
            (|p| p.samples[0].values = vec![1], "1 values"),
            (|p| p.samples[0].values[1] = i64::MIN, "add up"),
            (
                |p| {
                    p.samples[0].values[1] = i64::MAX;
                    p.samples.push(p.samples[0].clone());
                },
                "add up",
            ),
        ];
        for (spoil, expected) in cases {
            let mut profile = sound();
            spoil(&mut profile);
            let flaw = profile.check().unwrap_err().to_string();
            assert!(flaw.contains(expected), "{flaw}");
        }
    }
}
