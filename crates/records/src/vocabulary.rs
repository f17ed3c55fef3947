//! Variables, their classes, and the class indices by which labels name them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use silknow_errors::{Error, Result};

use crate::class_text::{is_missing, name_of, text_of, tidied};
use crate::labels::Labels;
use crate::set_text::SEPARATOR;
use crate::{MISSING, MISSING_NAME};

/// A semantic property with its classes in index order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variable {
    /// Its name, without `#`.
    pub name: String,
    /// The names of its classes, as files hold them; a class's position is its index.
    pub classes: Vec<String>,
    /// The texts of those classes that do not follow from their names, by class index.
    pub texts: BTreeMap<i32, String>,
}

impl Variable {
    /// A variable with these classes, whose texts follow from their names.
    pub fn new(name: impl Into<String>, classes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { name: name.into(), classes: classes.into_iter().map(Into::into).collect(), texts: BTreeMap::new() }
    }

    /// The name of a class, as files hold it; `nan` for [`MISSING`].
    ///
    /// # Panics
    /// When there is no such class.
    pub fn class_name(&self, class: i32) -> &str {
        usize::try_from(class).map_or(MISSING_NAME, |class| &self.classes[class])
    }

    /// The text of a class, as people read it: as the museum wrote it. `nan` for [`MISSING`].
    ///
    /// # Panics
    /// When there is no such class.
    pub fn class_text(&self, class: i32) -> Cow<'_, str> {
        match self.texts.get(&class) {
            Some(text) => text.as_str().into(),
            None => text_of(self.class_name(class)).into(),
        }
    }

    /// The names of the classes of a set as files hold them, joined by `___`; `nan` for the empty set.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn class_names(&self, classes: &[i32]) -> String {
        match classes {
            [] => MISSING_NAME.to_owned(),
            classes => classes.iter().map(|&class| self.class_name(class)).collect::<Vec<_>>().join(SEPARATOR),
        }
    }

    /// The texts of the classes of a set as people read them, joined by commas; none for the empty set.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn class_texts(&self, classes: &[i32]) -> Option<String> {
        let texts = classes.iter().map(|&class| self.class_text(class)).collect::<Vec<_>>().join(", ");
        (!classes.is_empty()).then_some(texts)
    }

    /// The variable's name as people read it.
    pub fn text(&self) -> String {
        text_of(&self.name)
    }
}

/// The variables under consideration, in one fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// The variables in order.
    pub variables: Vec<Variable>,
}

/// What the class indices of one vocabulary are in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// Per variable the other index of every class.
    classes: Vec<Vec<i32>>,
}

impl Translation {
    /// The labels with the other indices.
    ///
    /// # Panics
    /// When the labels are not of the vocabulary that is translated.
    pub fn apply(&self, labels: &Labels) -> Labels {
        let other = |variable: usize, class: i32| match usize::try_from(class) {
            Ok(class) => self.classes[variable][class],
            Err(_) => MISSING,
        };
        let lowest: Vec<i32> = labels.lowest().iter().enumerate().map(|(v, &class)| other(v, class)).collect();
        let mut translated = Labels::single(lowest);
        for (variable, classes) in labels.larger_sets() {
            let classes: Vec<i32> = classes.iter().map(|&class| other(variable, class)).collect();
            translated.set(variable, &classes);
        }
        translated
    }
}

impl Vocabulary {
    /// Variables of these names, without any class yet.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let variable = |name| Variable::new(name, [] as [String; 0]);
        Self { variables: names.into_iter().map(variable).collect() }
    }

    /// The number of variables.
    pub fn len(&self) -> usize {
        self.variables.len()
    }

    /// True without variables.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// The variables' names in order.
    pub fn names(&self) -> Vec<String> {
        self.variables.iter().map(|variable| variable.name.clone()).collect()
    }

    /// The name of class `class` of variable `variable`; `nan` for [`MISSING`].
    ///
    /// # Panics
    /// When there is no such class.
    pub fn class_name(&self, variable: usize, class: i32) -> &str {
        self.variables[variable].class_name(class)
    }

    /// The index of the variable of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable.name == name)
    }

    /// Takes over the classes of another vocabulary of the same variables: those that are new here are appended, so that
    /// indices given out before stay valid.
    ///
    /// # Errors
    /// Other variables, or the same in another order.
    pub fn absorb(&mut self, other: &Self) -> Result<Translation> {
        if self.names() != other.names() {
            return Err(Error::data(format!(
                "the variables {} are not {}",
                other.names().join(", "),
                self.names().join(", ")
            ))
            .hint("use the variables of the index, in its order"));
        }
        let mut builder = VocabularyBuilder::from(std::mem::take(self));
        let take_over = |(v, variable): (usize, &Variable)| {
            (0..variable.classes.len() as i32)
                .map(|class| builder.class(v, &variable.class_text(class), variable.class_name(class)))
                .collect()
        };
        let classes = other.variables.iter().enumerate().map(take_over).collect();
        *self = builder.into_vocabulary();
        Ok(Translation { classes })
    }

    /// The texts of classes that do not follow from their names, as rows of a table: variable, class name, text.
    pub fn unusual_texts(&self) -> impl Iterator<Item = [&str; 3]> {
        self.variables.iter().flat_map(|variable| {
            variable
                .texts
                .iter()
                .map(|(&class, text)| [variable.name.as_str(), variable.class_name(class), text.as_str()])
        })
    }

    /// Sets the text of a class. A class or a variable that is not here is passed over: a list of texts may be of a larger
    /// collection.
    pub fn set_text(&mut self, variable: &str, class: &str, text: &str) {
        let Some(variable) = self.variables.iter_mut().find(|it| it.name == variable) else { return };
        let Some(index) = variable.classes.iter().position(|it| it == class) else { return };
        if text == text_of(class) {
            variable.texts.remove(&(index as i32));
        } else {
            variable.texts.insert(index as i32, text.to_owned());
        }
    }

    /// The vocabulary of those classes alone that occur in the given labels, in the same order, and their indices in it.
    ///
    /// # Panics
    /// When the labels are not of this vocabulary.
    pub fn occurring<'a>(&self, labels: impl IntoIterator<Item = &'a Labels>) -> (Self, Translation) {
        let mut occurs: Vec<Vec<bool>> = self.variables.iter().map(|it| vec![false; it.classes.len()]).collect();
        for labels in labels {
            for (variable, occurs) in occurs.iter_mut().enumerate() {
                labels.classes(variable).iter().for_each(|&class| occurs[class as usize] = true);
            }
        }
        let mut vocabulary = Self::default();
        let mut translation = Translation { classes: Vec::new() };
        for (variable, occurs) in self.variables.iter().zip(occurs) {
            let mut kept = Variable::new(&variable.name, [] as [String; 0]);
            let mut indices = vec![MISSING; occurs.len()];
            for old in (0..occurs.len()).filter(|&old| occurs[old]) {
                let new = kept.classes.len() as i32;
                indices[old] = new;
                kept.classes.push(variable.classes[old].clone());
                if let Some(text) = variable.texts.get(&(old as i32)) {
                    kept.texts.insert(new, text.clone());
                }
            }
            vocabulary.variables.push(kept);
            translation.classes.push(indices);
        }
        (vocabulary, translation)
    }

    /// The table stored in the files: row v holds variable v's name, then its classes, padded with `""`.
    /// Shape `[V, 1 + C]`, flattened row by row, with C the largest number of classes.
    pub fn to_table(&self) -> (Vec<usize>, Vec<String>) {
        let width = 1 + self.variables.iter().map(|variable| variable.classes.len()).max().unwrap_or(0);
        let mut cells = Vec::with_capacity(width * self.len());
        for variable in &self.variables {
            cells.push(variable.name.clone());
            cells.extend(variable.classes.iter().cloned());
            cells.resize(cells.len().next_multiple_of(width), String::new());
        }
        (vec![self.len(), width], cells)
    }

    /// The reverse of [`to_table`](Self::to_table).
    ///
    /// # Errors
    /// A table that is not of shape `[V, 1 + C]`, or with a gap or a repetition among the classes of a variable.
    pub fn from_table(shape: &[usize], cells: &[String]) -> Result<Self> {
        let &[rows, width] = shape else {
            return Err(Error::data(format!("label2class_list has shape {shape:?}, expected [V, 1 + C]")));
        };
        if width == 0 || cells.len() != rows * width {
            return Err(Error::data(format!("label2class_list has shape {shape:?} and {} cells", cells.len())));
        }
        let mut variables = Vec::with_capacity(rows);
        for row in cells.chunks_exact(width) {
            let known = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
            let (name, classes) =
                row[..known].split_first().ok_or_else(|| Error::data("label2class_list has a row without a name"))?;
            let distinct: BTreeSet<_> = classes.iter().collect();
            if distinct.len() != classes.len() || classes.iter().any(String::is_empty) {
                return Err(Error::data(format!("label2class_list repeats or skips a class of `{name}`")));
            }
            variables.push(Variable::new(name, classes));
        }
        Ok(Self { variables })
    }
}

/// Collects the classes of labels while they are read.
#[derive(Clone, Debug, Default)]
pub struct VocabularyBuilder {
    vocabulary: Vocabulary,
    /// Per variable the index of every class by its name.
    positions: Vec<HashMap<String, i32>>,
}

impl VocabularyBuilder {
    /// Variables of these names, without any class yet.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::from(Vocabulary::new(names))
    }

    /// The index of the class that people write so: by its text, of which its name follows. A class that is new is appended.
    ///
    /// ```
    /// use silknow_records::VocabularyBuilder;
    ///
    /// let mut builder = VocabularyBuilder::new(["material"]);
    /// assert_eq!(builder.class_of(0, "raw silk"), 0);
    /// assert_eq!(builder.class_of(0, "cotton"), 1);
    /// assert_eq!(builder.class_of(0, "raw_silk"), 0);
    /// ```
    pub fn class_of(&mut self, variable: usize, label: &str) -> i32 {
        self.class(variable, &tidied(label), &name_of(label))
    }

    /// The labels of an image from the texts of a row, one per variable; what [is missing](crate::is_missing) stays so.
    pub fn labels_of<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> Labels {
        let class = |(variable, text)| if is_missing(text) { MISSING } else { self.class_of(variable, text) };
        Labels::single(texts.into_iter().enumerate().map(class).collect::<Vec<_>>())
    }

    /// The labels of an image from the names of a row in a file, one per variable; what [is missing](crate::is_missing)
    /// stays so.
    pub fn labels_named<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) -> Labels {
        let class = |(variable, name)| if is_missing(name) { MISSING } else { self.class_named(variable, name) };
        Labels::single(names.into_iter().enumerate().map(class).collect::<Vec<_>>())
    }

    /// The index of the class of exactly this name, as files hold it. A class that is new is appended; its text follows
    /// from the name.
    pub fn class_named(&mut self, variable: usize, name: &str) -> i32 {
        match self.positions[variable].get(name) {
            Some(&known) => known,
            None => self.class(variable, &text_of(name), name),
        }
    }

    /// The index of the class of exactly this name, which people read as `text`. A class that is new is appended.
    pub fn class(&mut self, variable: usize, text: &str, name: &str) -> i32 {
        if let Some(&known) = self.positions[variable].get(name) {
            return known;
        }
        let Variable { classes, texts, .. } = &mut self.vocabulary.variables[variable];
        let index = classes.len() as i32;
        if text != text_of(name) {
            texts.insert(index, text.to_owned());
        }
        classes.push(name.to_owned());
        self.positions[variable].insert(name.to_owned(), index);
        index
    }

    /// The vocabulary, classes in the order in which they came.
    pub fn into_vocabulary(self) -> Vocabulary {
        self.vocabulary
    }

    /// The vocabulary with the classes of every variable sorted by name, and the sorted indices of those given out.
    pub fn into_sorted(self) -> (Vocabulary, Translation) {
        let mut sorted = Vocabulary::default();
        let mut translation = Translation { classes: Vec::new() };
        for variable in self.vocabulary.variables {
            let mut order: Vec<usize> = (0..variable.classes.len()).collect();
            order.sort_unstable_by(|&a, &b| variable.classes[a].cmp(&variable.classes[b]));
            let mut indices = vec![MISSING; order.len()];
            let mut in_order = Variable::new(variable.name, [] as [String; 0]);
            for (new, &old) in (0..).zip(&order) {
                indices[old] = new;
                if let Some(text) = variable.texts.get(&(old as i32)) {
                    in_order.texts.insert(new, text.clone());
                }
                in_order.classes.push(variable.classes[old].clone());
            }
            sorted.variables.push(in_order);
            translation.classes.push(indices);
        }
        (sorted, translation)
    }
}

impl From<Vocabulary> for VocabularyBuilder {
    /// Continues a vocabulary: its classes keep their indices.
    fn from(vocabulary: Vocabulary) -> Self {
        let indices = |variable: &Variable| variable.classes.iter().cloned().zip(0..).collect();
        let positions = vocabulary.variables.iter().map(indices).collect();
        Self { vocabulary, positions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_sorted_and_new_ones_appended() {
        let mut builder = VocabularyBuilder::new(["place", "technique"]);
        builder.labels_of(["ES", "nan"]);
        builder.labels_of(["DE", "damask"]);
        let (vocabulary, _) = builder.into_sorted();
        assert_eq!(vocabulary.variables[0].classes, ["DE", "ES"]);
        let mut longer = VocabularyBuilder::from(vocabulary);
        assert_eq!(longer.labels_of(["AT", "NaN"]).lowest(), [2, MISSING]);
        assert_eq!(longer.labels_named(["ES", "damask"]).lowest(), [1, 0]);
        let vocabulary = longer.into_vocabulary();
        assert_eq!(vocabulary.class_name(0, 2), "AT");
        assert_eq!(vocabulary.class_name(1, MISSING), "nan");
    }

    #[test]
    fn the_classes_of_another_vocabulary_are_taken_over() {
        let mut own = Vocabulary { variables: vec![Variable::new("place", ["DE", "ES"])] };
        let mut other = VocabularyBuilder::new(["place"]);
        let labels = [other.labels_of(["FR"]), other.labels_of(["ES"]), other.labels_of(["under_score"])];
        let translation = own.absorb(&other.into_vocabulary()).unwrap();
        assert_eq!(labels.map(|labels| translation.apply(&labels).lowest()[0]), [2, 1, 3]);
        assert_eq!(own.variables[0].class_text(3), "under_score");
        let message = own.absorb(&Vocabulary::new(["colour"])).unwrap_err().to_string();
        assert!(message.contains("the variables colour are not place"), "{message}");
        assert_eq!(own.variables[0].classes.len(), 4, "a refusal changes nothing");
    }

    #[test]
    fn classes_that_do_not_occur_can_be_left_out() {
        let mut builder = VocabularyBuilder::new(["place", "weave"]);
        let rows: Vec<Labels> =
            [["ES", "W. x_y"], ["DE", "nan"], ["FR", "twill"]].map(|row| builder.labels_of(row)).into();
        assert_eq!(builder.class_named(0, "two words"), 3);
        let (all, sorted) = builder.into_sorted();
        assert_eq!(all.variables[0].classes, ["DE", "ES", "FR", "two words"]);
        let rows: Vec<Labels> = rows.iter().map(|labels| sorted.apply(labels)).collect();
        let (some, translation) = all.occurring([&rows[0], &rows[2]]);
        assert_eq!(some.variables[0].classes, ["ES", "FR"]);
        assert_eq!(some.variables[1].class_text(0), "W. x_y");
        assert_eq!(translation.apply(&rows[2]).lowest(), [1, 1]);
    }

    #[test]
    fn a_table_read_back_is_the_vocabulary() {
        let vocabulary = Vocabulary {
            variables: vec![Variable::new("place", ["DE", "ES"]), Variable::new("empty", [] as [String; 0])],
        };
        let (shape, cells) = vocabulary.to_table();
        assert_eq!(shape, [2, 3]);
        assert_eq!(Vocabulary::from_table(&shape, &cells).unwrap(), vocabulary);
    }

    #[test]
    fn a_table_with_a_gap_is_refused() {
        let cells: Vec<String> = ["place", "", "ES"].map(String::from).into();
        assert!(Vocabulary::from_table(&[1, 3], &cells).is_err());
    }
}
