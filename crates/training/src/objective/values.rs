//! Values of images that objectives ask for beside descriptors, such as a colour histogram.

use std::collections::BTreeMap;

use silknow_errors::{Error, Result};

/// Values of N images by name, the same number for every image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageValues {
    images: usize,
    tables: BTreeMap<String, Table>,
}

#[derive(Clone, Debug, PartialEq)]
struct Table {
    width: usize,
    /// `[N, width]`
    values: Vec<f32>,
}

impl ImageValues {
    /// No values of `images` images.
    pub fn new(images: usize) -> Self {
        Self { images, tables: BTreeMap::new() }
    }

    /// Adds values under a name: `[N, width]`, image by image.
    ///
    /// # Errors
    /// Another number of values, or one that is not finite.
    pub fn insert(&mut self, name: impl Into<String>, width: usize, values: Vec<f32>) -> Result<()> {
        let name = name.into();
        if self.images.checked_mul(width) != Some(values.len()) {
            let (number, images) = (values.len(), self.images);
            let message = format!("`{name}` has {number} values, which is not {width} for each of {images} images");
            return Err(Error::data(message));
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err(Error::data(format!("the values `{name}` hold one that is not a finite number")));
        }
        self.tables.insert(name, Table { width, values });
        Ok(())
    }

    /// The number of images N.
    pub fn images(&self) -> usize {
        self.images
    }

    /// How many values of every image are known under this name; none where the name is not known.
    pub fn width(&self, name: &str) -> Option<usize> {
        self.tables.get(name).map(|table| table.width)
    }

    /// The values under a name, `[N, width]`; none where the name is not known.
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        self.tables.get(name).map(|table| &*table.values)
    }

    /// The values of the given images, in their order.
    #[must_use]
    pub fn select(&self, images: &[usize]) -> Self {
        let select = |table: &Table| {
            let rows = images.iter().flat_map(|&image| &table.values[image * table.width..][..table.width]);
            Table { width: table.width, values: rows.copied().collect() }
        };
        let tables = self.tables.iter().map(|(name, table)| (name.clone(), select(table))).collect();
        Self { images: images.len(), tables }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_their_images_and_must_fit_them() {
        let mut values = ImageValues::new(3);
        values.insert("colour", 2, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!(values.select(&[2, 0]).get("colour").unwrap(), [4.0, 5.0, 0.0, 1.0]);
        assert_eq!((values.width("colour"), values.width("size")), (Some(2), None));
        let message = values.insert("size", 2, vec![0.0]).unwrap_err().to_string();
        assert!(message.contains("`size` has 1 values, which is not 2 for each of 3 images"), "{message}");
        assert!(values.insert("size", 1, vec![0.0, f32::NAN, 1.0]).is_err());
    }
}
