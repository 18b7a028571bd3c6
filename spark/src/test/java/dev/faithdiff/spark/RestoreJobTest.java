package dev.faithdiff.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.file.Caption;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.ImageFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.ParameterException;

/** The job in one process, and the plain command beside it. */
@Tag("process")
class RestoreJobTest {
    private static final String[] HOW = {"--scale", "2", "--steps", "3", "--seed", "7"};

    @TempDir private static Path shared;
    private static SparkSession spark;

    @TempDir private Path dir;
    private Path in, out;

    @BeforeAll static void start() { spark = Photos.session("local[2]", shared); }

    @AfterAll static void stop() { spark.stop(); }

    @BeforeEach void photos() throws IOException {
        in = dir.resolve("in");
        out = dir.resolve("out");
        Files.createDirectories(in.resolve("a b/ü"));
        Files.copy(Path.of(System.getProperty("faithdiff.home"), "samples", "chelsea-degraded.jpg"), in.resolve("a b/cat.jpg"));
        Photos.write(in.resolve("same.png"), 40, 32, 1);
        Photos.write(in.resolve("same.tif"), 16, 24, 2);
        Photos.write(in.resolve("a b/ü/x:y.webp"), 24, 24, 3);
    }

    private static RestoreJob.Sums run(Object... arguments) throws IOException {
        return RestoreJob.run(spark, Stream.concat(Arrays.stream(arguments).map(Object::toString), Arrays.stream(HOW)).toArray(String[]::new));
    }

    private int plain(Object... arguments) throws Exception {
        return Photos.plainly(dir.resolve("log"), Stream.concat(Arrays.stream(arguments).map(Object::toString),
                Arrays.stream(HOW)).toArray(String[]::new));
    }

    private static void assertSame(Path a, Path b) throws IOException {
        Map<String, byte[]> got = Photos.bytes(a), expected = Photos.bytes(b);
        assertThat(got.keySet()).isEqualTo(expected.keySet());
        got.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(expected.get(name)));
    }

    private static Map<String, List<Row>> rows(Path table, String format) {
        return spark.read().format(format).load(table.toString()).collectAsList().stream()
                .collect(Collectors.groupingBy(r -> r.<String>getAs("photo").replaceAll(".*/", "")));
    }

    /** A broken photo among good ones, and a second run. */
    @Test void theBytesOfThePlainCommand() throws Exception {
        Files.writeString(in.resolve("broken.jpg"), "no photo");
        Files.write(in.resolve("cut.png"), Arrays.copyOf(Files.readAllBytes(in.resolve("same.png")), 300));
        assertThat(plain(in, "-o", dir.resolve("plain"))).as("a photo failed").isEqualTo(1);
        assertThat(dir.resolve("log")).content().contains("5 restored, 0 already there, 1 failed");
        assertThat(run(in, "-o", out)).isEqualTo(new RestoreJob.Sums(5, 0, 1));
        assertThat(Photos.bytes(out)).hasSize(5).containsKeys("same.png", "same.tif", "a b/ü/x:y.webp");
        assertSame(out, dir.resolve("plain"));

        Map<String, List<Row>> rows = rows(out.resolve("_photos"), "parquet");
        assertThat(rows).hasSize(6).allSatisfy((name, r) -> assertThat(r).as(name).hasSize(1));
        Row broken = rows.get("broken.jpg").getFirst(), cat = rows.get("cat.jpg").getFirst();
        assertThat(broken.<String>getAs("outcome")).isEqualTo("failed");
        assertThat(broken.<String>getAs("error")).contains("broken.jpg is not a PNG, JPEG");
        assertThat(rows.get("cut.png").getFirst().getList(broken.fieldIndex("remarks")).toString()).contains("damaged");
        assertThat(cat.<Integer>getAs("outWidth")).isEqualTo(2 * cat.<Integer>getAs("width")).isPositive();
        assertThat(cat.<Double>getAs("seconds")).isPositive();

        FileTime written = Files.getLastModifiedTime(out.resolve("same.png"));
        Files.delete(out.resolve("same.tif"));
        assertThat(run(in, "-o", out)).as("the second run").isEqualTo(new RestoreJob.Sums(1, 4, 1));
        assertThat(Files.getLastModifiedTime(out.resolve("same.png"))).isEqualTo(written);
        assertSame(out, dir.resolve("plain"));
        assertThat(rows(out.resolve("_photos"), "parquet")).allSatisfy((name, r) -> assertThat(r).as(name).hasSize(2));
        assertThat(run(in, "-o", out, "--overwrite", "--partitions", "1", "--model=file://" + System.getProperty("faithdiff.model")))
                .isEqualTo(new RestoreJob.Sums(5, 0, 1));
        assertSame(out, dir.resolve("plain"));
    }

    @Test void listsInTextAndParquet() throws Exception {
        List<String> photos = List.of(in.resolve("same.png").toString(), in.resolve("a b/cat.jpg").toUri().toString().replace("%20", " "));
        Path text = Files.write(dir.resolve("list.txt"), photos), parquet = dir.resolve("list.parquet");
        spark.createDataset(photos, Encoders.STRING()).toDF("file").write().parquet(parquet.toString());
        assertThat(run(text, "--list", "text", "-o", out, "--format", "png", "--table-format", "json", "--table", dir.resolve("table")))
                .isEqualTo(new RestoreJob.Sums(2, 0, 0));
        assertThat(Photos.bytes(out)).containsOnlyKeys("same.png", "a b/cat.png");
        assertThat(rows(dir.resolve("table"), "json")).containsOnlyKeys("same.png", "cat.jpg");
        Path below = dir.resolve("below");
        assertThat(run(parquet, "--list", "parquet", "--column", "file", "--below", dir, "-o", below, "--seeds", "7,8"))
                .isEqualTo(new RestoreJob.Sums(4, 0, 0));
        assertThat(below.resolve("in/same-seed7.png")).exists();
        assertThat(below.resolve("in/a b/cat-seed8.jpg")).exists();
    }

    @Test void wrongUsageIsOneLine() throws Exception {
        assertThatThrownBy(() -> run(in, "-o", out, "--color-fix", "purple")).isInstanceOf(ParameterException.class)
                .hasMessageContaining("--color-fix must be");
        assertThatThrownBy(() -> run(in, "-o", in)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("write to another one");
        assertThatThrownBy(() -> run(dir.resolve("nothing"), "-o", out)).hasMessageContaining("no photos in");
        assertThatThrownBy(() -> run(in, "-o", out, "--model", dir.resolve("no-model"))).hasMessageContaining("no-model");
        assertThat(out).as("a failed job leaves nothing")
                .satisfiesAnyOf(o -> assertThat(o).doesNotExist(), o -> assertThat(Photos.bytes(o)).isEmpty());
    }

    /** As copies of one task do, and a task that was killed before. */
    @Test void writersSideBySideLeaveOneWholeFile() throws Exception {
        HadoopFiles files = new HadoopFiles(new Configuration());
        var photo = ImageFiles.readPhoto(in.resolve("same.png"));
        Encoding png = new Encoding(ImageFormat.PNG);
        Files.createDirectories(out);
        Path result = out.resolve("r.png"), own = out.resolve("own.png");
        Files.writeString(out.resolve("0.png"), "half a file of a killed task");
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<List<String>>> writers = IntStream.range(0, 16).mapToObj(i -> (Callable<List<String>>) () -> files.write(photo, png,
                    new org.apache.hadoop.fs.Path(out.resolve(i + ".png").toString()), new org.apache.hadoop.fs.Path(result.toString()), i % 2 == 0))
                    .toList();
            for (var w : threads.invokeAll(writers)) w.get();
        }
        ImageFiles.write(photo, own);
        assertThat(Photos.bytes(out)).containsOnlyKeys("r.png", "own.png");
        assertThat(result).hasSameBinaryContentAs(own);
    }

    @Test void captionsAndHeadsAreReadWhereTheyLie() throws Exception {
        HadoopFiles files = new HadoopFiles(new Configuration());
        Path cat = in.resolve("a b/cat.jpg");
        assertThat(files.caption(cat.toString())).isEqualTo(Caption.NONE);
        Files.writeString(in.resolve("a b/cat.json"), "{\"caption\": \"a cat\"}");
        assertThat(files.caption(cat.toString())).isEqualTo(Caption.of(cat)).extracting(Caption::text).isEqualTo("a cat");
        Files.write(in.resolve("a b/cat.txt"), new byte[] {'M', (byte) 0xe4, 'd'});
        assertThat(files.caption(cat.toString()).text()).isEqualTo(Caption.of(cat).text()).isEqualTo("M\u00e4d");
        assertThat(Stream.of("same.png", "same.tif", "a b/ü/x:y.webp").map(p -> files.pixels(in.resolve(p).toString())))
                .containsExactly(40 * 32L, 16 * 24L, 24 * 24L);
        var image = ImageFiles.read(cat);
        assertThat(files.pixels(cat.toString())).isEqualTo((long) image.width() * image.height());
        assertThat(files.pixels(in.resolve("a b/cat.txt").toString())).isEqualTo(-1);
    }
}
