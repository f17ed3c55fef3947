//! What the figures of a report mean.

use crate::metrics::FEW_SAMPLES;
use crate::page::{Part, Section};

/// What the figures mean.
pub(super) fn reading_section() -> Section {
    let few = format!(
        "A class with fewer than {FEW_SAMPLES} images: one image more or less moves its figures by 5 % or more."
    );
    let terms = [
        (
            "Evaluated images",
            "Those whose true class is known and for which there is a prediction. Accuracy, precision, recall and F1 are about these.",
        ),
        (
            "Coverage",
            "Of the images whose true class is known, the share that have a prediction. A high accuracy with a low coverage says little.",
        ),
        (
            "95 % interval",
            "How far the figure would vary with other works of the same kind: the objects are drawn anew 1000 times, with all their images, and the interval holds 95 % of the figures that come out.",
        ),
        (
            "Mean over variables",
            "The plain mean of the variables in which at least two classes occur. Where there is one class only nothing can be wrong, so such a variable would lift the mean.",
        ),
        ("Accuracy", "The share of right predictions. A frequent class counts much, a rare one little."),
        ("Precision", "Of the images that were taken for a class, the share that belong to it."),
        ("Recall", "Of the images that belong to a class, the share that were found to."),
        ("F1", "Precision and recall in one figure (their harmonic mean). It is 0 where a class was never hit."),
        (
            "Mean F1",
            "The plain mean of all classes' F1, in which a rare class counts as much as a frequent one. The fairest single figure.",
        ),
        (
            "Precision at k",
            "Of the k most similar images with a known class, the share that have the query's class; mean over the queries with a known class. Images of unknown class are passed over.",
        ),
        (
            "Mean average precision",
            "The same with a reward for right images at the front: the precision up to each right image, averaged; 0 where there is none.",
        ),
        (
            "Recall at k",
            "The share of the queries with a known class that have at least one image of their class among the first k neighbours with a known class.",
        ),
        (
            "nDCG",
            "Whether the neighbours that agree with the query in most variables come first: 1 when their order could not be better.",
        ),
        (
            "Calibration error",
            "How far confidences are from the share that is right, on average over 15 ranges of confidence. 0 is best.",
        ),
        (
            "Figures by sets",
            "Where an image may have several classes: exact match counts sets that are right altogether; Jaccard is the classes in both sets as a share of those in either; micro F1 counts every class of every image alike, macro F1 every class. In the accuracy above a set is right when it shares a class with the truth.",
        ),
        (
            "Confusion matrix",
            "Each row is a true class, each column a predicted one. What is right stands on the diagonal, every other number is a confusion. The second matrix shows shares of the row.",
        ),
        ("Uncertain figures", few.as_str()),
    ];
    let terms = terms.map(|(term, meaning)| (term.to_owned(), meaning.to_owned())).to_vec();
    Section { title: "How to read this page".to_owned(), parts: vec![Part::Definitions(terms)] }
}
