//! A row-major matrix of `f32` vectors.

/// Vectors of one dimension, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
    dimensions: usize,
    values: Vec<f32>,
}

impl Vectors {
    /// `values` as rows of `dimensions`; `None` when they do not divide or `dimensions` is 0.
    pub fn new(dimensions: usize, values: Vec<f32>) -> Option<Self> {
        (dimensions > 0 && values.len().is_multiple_of(dimensions))
            .then_some(Self { dimensions, values })
    }
    /// Values in each vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }
    /// Vectors.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }
    /// True without vectors.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
    /// The vector at `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dimensions..][..self.dimensions]
    }
    /// All rows.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.dimensions)
    }
    /// All values, row after row, without a copy.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }
    /// All values, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}
