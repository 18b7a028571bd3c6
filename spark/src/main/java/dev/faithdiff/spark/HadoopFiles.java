package dev.faithdiff.spark;

import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.image.file.PhotoSize;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.Path;

/** Photos, captions and results on any file system of Hadoop's. */
record HadoopFiles(Configuration configuration) {
    /** Without the files of check sums that Hadoop keeps on a machine's own disk, where other programs would not know them. */
    HadoopFiles(Configuration configuration) {
        this.configuration = new Configuration(configuration);
        this.configuration.set("fs.AbstractFileSystem.file.impl", "org.apache.hadoop.fs.local.RawLocalFs");
    }

    FileSystem system(Path path) throws IOException {
        FileSystem system = path.getFileSystem(configuration);
        return system instanceof LocalFileSystem local ? local.getRaw() : system;
    }

    /** The whole path with scheme and host. */
    Path qualified(String path) throws IOException {
        Path p = new Path(path);
        return system(p).makeQualified(p);
    }

    /** A file below a folder. A name may hold a colon, which the constructor for two paths refuses. */
    static Path below(Path folder, String path) { return new Path(folder + "/" + path); }

    boolean exists(String path) throws IOException {
        Path p = new Path(path);
        return system(p).exists(p);
    }

    private InputStream open(Path path) throws IOException { return system(path).open(path); }

    /** @throws ImageError if it is no photo that can be read. @throws IOException if the file system fails */
    Photo read(String photo, boolean strict) throws IOException {
        byte[] file;
        try (InputStream in = open(new Path(photo))) {
            file = in.readNBytes(ImageFiles.MAX_FILE_BYTES + 1);
        } catch (FileNotFoundException e) {
            throw new ImageError(photo + " does not exist", e);
        }
        if (file.length > ImageFiles.MAX_FILE_BYTES) throw new ImageError(photo + " has more than " + ImageFiles.MAX_FILE_BYTES + " bytes");
        return ImageFiles.readPhoto(file, photo, strict);
    }

    /** The caption beside a photo. */
    Caption caption(String photo) {
        Path path = new Path(photo);
        return Caption.of(path.getName(), name -> {
            Path file = below(path.getParent(), name);
            try {
                return new Caption.Text(file.toString(), open(file));
            } catch (FileNotFoundException e) {
                return null;
            }
        });
    }

    /** Pixels of a photo as its head says; -1 if that cannot be read. */
    long pixels(String photo) {
        try (InputStream in = open(new Path(photo))) {
            PhotoSize size = PhotoSize.of(in, photo);
            return (long) size.width() * size.height();
        } catch (IOException | ImageError e) {
            return -1; // the table will say what is wrong with it
        }
    }

    /**
     * Writes a result under a name of its own, and then moves it to its place, so that it is there whole or not at all. Where several do so at once,
     * each leaves the same bytes.
     *
     * @param unfinished in the same file system
     * @param replace    whether a file in its place is replaced; else that one stays
     * @return sentences about what the format cannot carry
     */
    List<String> write(Photo result, Encoding encoding, Path unfinished, Path out, boolean replace) throws IOException {
        FileSystem system = system(out);
        try {
            List<String> remarks;
            try (OutputStream to = system.create(unfinished, true)) {
                remarks = ImageFiles.write(result, to, encoding);
            }
            system.mkdirs(out.getParent());
            FileContext.getFileContext(out.toUri(), configuration).rename(unfinished, out, replace ? Rename.OVERWRITE : Rename.NONE);
            return remarks;
        } catch (FileAlreadyExistsException e) {
            return List.of(); // another attempt was first
        } finally {
            system.delete(unfinished, false);
        }
    }
}
