//! On what is no function, or none that can be timed.

use vecperf_macros::measure;

#[measure]
struct Index {
    rows: Vec<f32>,
}

#[measure]
impl Index {
    fn rows(&self) -> usize {
        self.rows.len()
    }
}

#[measure]
const fn double(n: u32) -> u32 {
    n * 2
}

trait Engine {
    #[measure]
    fn search(&self) -> u32;
}

#[measure]
#[track_caller]
fn checked(n: u32) -> Result<u32, u32> {
    Ok(n)
}

fn main() {
    // The items are there all the same: only the attribute is complained about.
    let index = Index { rows: vec![] };
    let _ = index.rows() + double(1) as usize;
    let _ = checked(1);
}
