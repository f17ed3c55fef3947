//! Writes the pickles that the old toolbox read: dictionaries, lists, texts and NumPy arrays, in protocol 4.

/// A pickle that is being written. Values are written one after the other; [`list`](Self::list) and [`dict`](Self::dict) say
/// how many of them belong together.
#[derive(Debug)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// The pickle of an array without dimensions that holds the value which `content` writes, as `numpy.savez` stores it.
    pub fn pickle(content: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut writer = Self { bytes: b"\x80\x04".to_vec() };
        writer.objects(&[], |writer| writer.list(content));
        writer.bytes.push(b'.');
        writer.bytes
    }

    /// A list of the values that `content` writes.
    pub fn list(&mut self, content: impl FnOnce(&mut Self)) {
        self.bytes.extend(b"](");
        content(self);
        self.bytes.push(b'e');
    }

    /// A dictionary of the keys and values that `content` writes in turn.
    pub fn dict(&mut self, content: impl FnOnce(&mut Self)) {
        self.bytes.extend(b"}(");
        content(self);
        self.bytes.push(b'u');
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.bytes.push(0x8D);
        self.bytes.extend((text.len() as u64).to_le_bytes());
        self.bytes.extend(text.as_bytes());
    }

    /// A list of texts.
    pub fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        self.list(|writer| texts.into_iter().for_each(|text| writer.text(text)));
    }

    /// An array of texts.
    pub fn text_array(&mut self, shape: &[usize], texts: &[&str]) {
        let width = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
        let mut content = Vec::with_capacity(4 * width * texts.len());
        for text in texts {
            let codes = text.chars().map(u32::from).chain(std::iter::repeat(0));
            content.extend(codes.take(width).flat_map(u32::to_le_bytes));
        }
        self.array(shape, |writer| {
            writer.element_type(&format!("U{width}"), "<", [4 * width as i32, 4], 8);
            writer.bytes.push(0x89);
            writer.raw(&content);
        });
    }

    /// An array of numbers, which it has in double precision.
    pub fn number_array(&mut self, shape: &[usize], numbers: &[f32]) {
        let content: Vec<u8> = numbers.iter().flat_map(|&number| f64::from(number).to_le_bytes()).collect();
        self.array(shape, |writer| {
            writer.element_type("f8", "<", [-1, -1], 0);
            writer.bytes.push(0x89);
            writer.raw(&content);
        });
    }

    /// An array of objects, which `content` writes as one list.
    pub fn objects(&mut self, shape: &[usize], content: impl FnOnce(&mut Self)) {
        self.array(shape, |writer| {
            writer.element_type("O8", "|", [-1, -1], 63);
            writer.bytes.push(0x89);
            content(writer);
        });
    }

    /// An empty array that is filled with a version, its shape, and what `content` writes: type, order, elements.
    fn array(&mut self, shape: &[usize], content: impl FnOnce(&mut Self)) {
        self.bytes.extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01(");
        for &length in shape {
            self.bytes.extend(b"\x8A\x08");
            self.bytes.extend((length as u64).to_le_bytes());
        }
        self.bytes.push(b't');
        content(self);
        self.bytes.extend(b"tb");
    }

    /// A type of elements with the order of their bytes, their width and alignment, and NumPy's flags.
    fn element_type(&mut self, code: &str, order: &str, sizes: [i32; 2], flags: u8) {
        self.bytes.extend(b"cnumpy\ndtype\n");
        self.text(code);
        self.bytes.extend(b"\x89\x88\x87R(K\x03");
        self.text(order);
        self.bytes.extend(b"NNN");
        for size in sizes {
            self.bytes.push(b'J');
            self.bytes.extend(size.to_le_bytes());
        }
        self.bytes.extend([b'K', flags]);
        self.bytes.extend(b"tb");
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.bytes.push(0x8E);
        self.bytes.extend((bytes.len() as u64).to_le_bytes());
        self.bytes.extend(bytes);
    }
}
