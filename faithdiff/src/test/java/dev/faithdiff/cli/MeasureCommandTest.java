package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.FolderDistance;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("full")
class MeasureCommandTest {
    private static final Path IMAGES = Fixtures.path("iqa/images"), PHOTO = IMAGES.resolve("photo.png"), BLUR = IMAGES.resolve("blur.png");

    @TempDir Path dir;

    @Test void printsATableOfTwoPhotos() {
        CommandLineRun run = CommandLineRun.of(Main::run, "measure", BLUR, PHOTO);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).containsPattern("\\| psnr-rgb +\\| +\\d\\d\\.\\d{4} \\| higher").containsPattern("\\| niqe +\\|.*lower")
                .containsPattern("\\| gmsd +\\| +0\\.0677").doesNotContain("ocr-").doesNotContain("consistency");
    }

    @Test void aPhotoAloneHasNoReference() {
        CommandLineRun run = CommandLineRun.of(Main::run, "measure", PHOTO, "--json");
        JsonObject photo = JsonParser.parseString(run.out()).getAsJsonObject().getAsJsonArray("photos").get(0).getAsJsonObject();
        JsonObject values = photo.getAsJsonObject("values");
        assertThat(values.keySet()).contains("niqe", "detail").doesNotContain("psnr-rgb");
        JsonObject stored = Fixtures.json("iqa/niqe/niqe.json").getAsJsonObject("images").getAsJsonObject("photo").getAsJsonObject("pyiqa");
        assertThat(values.get("niqe").getAsDouble()).isCloseTo(stored.get("value").getAsDouble(), within(stored.get("atol").getAsDouble()));
    }

    /** Formats of a pair may differ; files of B that A has not are passed over. */
    @Test void pairsFoldersByName() throws IOException {
        Path a = Files.createDirectories(dir.resolve("a/sub")), b = Files.createDirectories(dir.resolve("b/sub"));
        Image photo = ImageFiles.read(PHOTO), blur = ImageFiles.read(BLUR);
        ImageFiles.write(blur, a.resolve("x.png"));
        ImageFiles.write(photo, a.resolve("y.png"));
        for (String name : List.of("x.tif", "y.png", "z.png")) ImageFiles.write(photo, b.resolve(name));
        Path csv = dir.resolve("values.csv");
        CommandLineRun run = CommandLineRun.of(Main::run, "measure", a.getParent(), b.getParent(), "--only", "psnr-rgb,ssim-y", "--csv", csv);
        assertThat(run.out().lines()).as(run.err()).hasSize(5).anyMatch(l -> l.contains("sub/y.png") && l.contains("80.0000"))
                .anyMatch(l -> l.contains("mean of 2"));
        assertThat(Files.readAllLines(csv)).hasSize(3).startsWith("photo,psnr-rgb,ssim-y").element(2).asString().startsWith("\"sub/y.png\",80.0,1.0");
        ImageFiles.write(photo, a.resolve("w.png"));
        CommandLineRun.of(Main::run, "measure", a.getParent(), b.getParent()).assertFailed(1, "has no photo named sub/w");
        CommandLineRun.of(Main::run, "measure", a, PHOTO).assertFailed(1, "name two photos or two folders");
    }

    @Test void photosOfUnequalSizeAreOneLine() {
        Path small = IMAGES.resolve("small.png");
        CommandLineRun.of(Main::run, "measure", PHOTO, small).assertFailed(1, "photos of one size are compared");
        CommandLineRun shrunk = CommandLineRun.of(Main::run, "measure", PHOTO, small, "--only", "consistency");
        assertThat(shrunk.code()).as(shrunk.err()).isZero();
    }

    @Test void aPhotoTooSmallForAMeasureGoesWithoutIt() {
        Path thumb = IMAGES.resolve("thumb.png");
        CommandLineRun all = CommandLineRun.of(Main::run, "measure", thumb, thumb);
        assertThat(all.code()).isZero();
        assertThat(all.err()).contains("ms-ssim takes at least 161x161 pixels, got ");
        assertThat(all.out()).containsPattern("\\| ms-ssim +\\| +\\|").containsPattern("\\| psnr-rgb +\\| +80.0000");
        CommandLineRun.of(Main::run, "measure", thumb, thumb, "--only", "ms-ssim").assertFailed(1, "at least 161x161");
    }

    @Test void cutsABorder() {
        JsonObject stored = Fixtures.json("metrics/metrics.json").getAsJsonObject("values").getAsJsonObject("blur");
        Path metrics = Fixtures.path("metrics");
        CommandLineRun run = CommandLineRun.of(Main::run, "measure", metrics.resolve("blur.png"), metrics.resolve("ref.png"), "--border", 4,
                "--only", "psnr-rgb", "--json");
        double value = JsonParser.parseString(run.out()).getAsJsonObject().getAsJsonObject("mean").get("psnr-rgb").getAsDouble();
        assertThat(value).isCloseTo(stored.get("psnr_rgb_crop4").getAsDouble(), within(1e-4));
        CommandLineRun.of(Main::run, "measure", PHOTO, "--border", 4000).assertFailed(1, "nothing of");
    }

    @Test void listsMeasuresAndWhatIsMissing() {
        CommandLineRun run = CommandLineRun.of(Main::run, "measure", "--list", "--ocr", "no-such-program");
        assertThat(run.out()).containsPattern("\\| niqe +\\| lower +\\| +\\| yes").containsPattern("\\| psnr-rgb +\\| higher +\\| needed +\\| yes")
                .containsPattern("\\| ocr-f1 .*missing: there is no program no-such-program on the PATH").containsPattern("\\| seams .*on request")
                .containsPattern("\\| detail +\\| neither").containsPattern("\\| fid +\\| lower +\\| a folder +\\| missing: no folder in");
        CommandLineRun.of(Main::run, "measure", PHOTO, PHOTO, "--ocr", "no-such-program", "--only", "ocr-f1").assertFailed(1, "there is no program");
    }

    /** Photos of folders need no partners; the network is a small random one. */
    @Test void comparesFoldersAsAWhole() throws IOException {
        Path a = Files.createDirectories(dir.resolve("a")), b = Files.createDirectories(dir.resolve("b")), weights = dir.resolve("weights");
        Image photo = ImageFiles.read(PHOTO), blur = ImageFiles.read(BLUR);
        for (int i = 0; i < 3; i++) ImageFiles.write(photo.crop(10 * i, 0, 96, 96), a.resolve("a" + i + ".png"));
        for (int i = 0; i < 2; i++) ImageFiles.write(blur.crop(10 * i, 0, 96, 96), b.resolve("b" + i + ".png"));
        CommandLineRun.of(Main::run, "measure", a, b, "--only", "fid").assertFailed(1, "fid: no folder in");
        CommandLineRun.of(dev.faithdiff.convert.Main::run, "convert", "--metric", "inception", Fixtures.path("inception/weights.safetensors"), "-o",
                weights.resolve("inception"));
        CommandLineRun run = CommandLineRun.of(Main::run, "measure", a, b, "--only", "fid,kid,fid-legacy", "--weights", weights, "--json",
                "--device", "cpu");
        JsonObject folders = JsonParser.parseString(run.out()).getAsJsonObject().getAsJsonObject("folders");
        List<Path> ofA = List.of(a.resolve("a0.png"), a.resolve("a1.png"), a.resolve("a2.png")),
                ofB = List.of(b.resolve("b0.png"), b.resolve("b1.png"));
        for (FolderDistance d : FolderDistance.values()) {
            double value = FolderDistance.between(ofA, ofB, List.of(d), ImageFiles::read, weights, Device.CPU).get(d);
            assertThat(folders.get(d.toString()).getAsDouble()).as(d.toString()).isEqualTo(value).isPositive();
        }
        assertThat(folders.get("fid")).isNotEqualTo(folders.get("fid-legacy"));
        Path csv = dir.resolve("all.csv");
        run = CommandLineRun.of(Main::run, "measure", a, a, "--only", "psnr-y,fid", "--weights", weights, "--csv", csv, "--device", "cpu");
        assertThat(run.out()).as(run.err()).contains("mean of 3").containsPattern("\\| fid +\\| +-?0\\.000000 \\| lower +\\| 3 and 3");
        assertThat(Files.readAllLines(csv)).hasSize(5).startsWith("photo,psnr-y,fid", "\"a0.png\",80.0,").last().asString().startsWith("\"all\",,");
        assertThat(CommandLineRun.of(Main::run, "measure", "--list", "--weights", weights).out()).containsPattern("\\| kid .*on request");
        CommandLineRun.of(Main::run, "measure", a, "--only", "kid", "--weights", weights).assertFailed(2, "kid compares two folders");
        CommandLineRun.of(Main::run, "measure", a, b, "--only", "kidd", "--weights", weights).assertFailed(2, "did you mean 'kid'?");
    }

    @Test void refusesWhatDoesNotFit() {
        CommandLineRun.of(Main::run, "measure").assertFailed(2, "a photo or folder is needed");
        CommandLineRun.of(Main::run, "measure", PHOTO, "--only", "psnr-rbg").assertFailed(2, "did you mean 'psnr-rgb'?");
        CommandLineRun.of(Main::run, "measure", PHOTO, "--only", "psnr-rgb").assertFailed(2, "psnr-rgb needs a reference");
        CommandLineRun.of(Main::run, "measure", dir).assertFailed(1, "there are no photos");
        CommandLineRun.of(Main::run, "measure", PHOTO, "--niqe-model", PHOTO).assertFailed(1, "not parameters of NIQE");
        CommandLineRun.of(Main::run, "measure", PHOTO, PHOTO, "--csv", dir.resolve("none/values.csv")).assertFailed(1, "cannot write");
    }

    @Test void fitsNiqe() throws IOException {
        Path file = dir.resolve("own.json"), crops = Files.createDirectory(dir.resolve("crops"));
        Image photo = ImageFiles.read(Path.of(System.getProperty("faithdiff.home"), "samples/astronaut.png"));
        for (int i = 0; i < 48; i++) ImageFiles.write(photo.crop(i % 8 * 20, i / 8 * 30, 288, 288), crops.resolve(i + ".png"));
        CommandLineRun fit = CommandLineRun.of(Main::run, "quality", "fit-niqe", IMAGES, "-o", file);
        fit.assertFailed(1, "more than 36 sharp blocks");
        assertThat(file).doesNotExist();
        fit = CommandLineRun.of(Main::run, "quality", "fit-niqe", crops, "-o", file);
        assertThat(fit.out()).as(fit.err()).contains("sharp blocks of 48 photos");
        CommandLineRun run = CommandLineRun.of(Main::run, "measure", PHOTO, "--niqe-model", file, "--only", "niqe-fitted");
        assertThat(run.out()).as(run.err()).containsPattern("\\| niqe-fitted \\| +\\d+\\.\\d{4} \\| lower");
        CommandLineRun.of(Main::run, "quality", "fit-niqe", crops, "-o", file).assertFailed(2, "exists already");
    }
}
