package dev.faithdiff.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import dev.faithdiff.Chromium;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.trust.Calibration;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.HeatMap;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.BatchListener;
import dev.faithdiff.restore.batch.Job;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.tensor.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A page in a headless Chromium: it shows the pixels that it should, by mouse, touch and keys, and asks nothing of a network. */
@Tag("process")
class PageInBrowserTest {
    private static final int SIDE = 96;

    @TempDir Path dir;

    /** Enlarges, and lays noise of the seed over it. */
    private record Noisy() implements Restorer {
        @Override public Image restore(Image photo, Options o, Listener listener, Path resume) {
            listener.at("enlarge", 0, 1);
            Image large = Resize.resize(photo, photo.width() * 4, photo.height() * 4, Filter.LANCZOS);
            byte[] rgb = large.rgb().clone();
            Random noise = new Random(o.get(CommonOptions.SEED));
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = (byte) Math.clamp((rgb[i] & 0xff) + noise.nextInt(-20, 21) * (i / 3 % large.width()) / large.width(), 0, 255);
            }
            if (o.get(CommonOptions.SEED) == 42) listener.map("cat", attention());
            return Image.of(large.width(), large.height(), rgb);
        }

        @Override public List<Option<?>> options() {
            return List.of(CommonOptions.SCALE, CommonOptions.SIZE, CommonOptions.LONG_SIDE, CommonOptions.SEED);
        }

        @Override public Options defaults() { return Options.defaults(); }

        @Override public void close() {}
    }

    /** Rises from left to right. */
    private static HeatMap attention() {
        float[] rising = new float[16 * SIDE * SIDE];
        for (int i = 0; i < rising.length; i++) rising[i] = 0.1f + 0.2f * (i % (4 * SIDE)) / (4 * SIDE - 1);
        return new HeatMap(4 * SIDE, 4 * SIDE, rising);
    }

    /** The bound of score t is t / 255. */
    private static Calibration calibration() {
        int n = 1000;
        List<Double> rising = IntStream.range(0, 256).mapToObj(t -> Math.max(0, (t / 255.0 * (n + 1) - 1) / n)).toList();
        return new Calibration(Map.of("scale", 4, "recipe", "mini"), n, 4 * SIDE, 0, rising, rising);
    }

    private Path page() {
        Path in = dir.resolve("photo.png"), out = dir.resolve("result.png");
        byte[] rgb = new byte[3 * SIDE * SIDE];
        Random random = new Random(3);
        for (int i = 0; i < rgb.length; i++) rgb[i] = (byte) (128 + random.nextInt(-120, 120) * (i / 3 % SIDE) / SIDE);
        ImageFiles.write(Image.of(SIDE, SIDE, rgb), in);
        try (Restorer noisy = new Noisy()) {
            ReportedModel model = new ReportedModel(Map.of(), Map.of("none/model.json", "0".repeat(64)), Compute.on(Device.CPU), calibration());
            Batch.Rules rules = new Batch.Rules(true, true, false, true);
            BatchListener silent = (job, outcome, facts) -> assertThat(facts).doesNotContainKey("error");
            BatchListener pages = new ReportingListener(silent, dir, 2, model, noisy, rules);
            new Batch(noisy, new ResultSettings("none", "0", noisy.defaults(), noisy.options()), rules, pages).run(List.of(new Job(in, out)));
        }
        return dir.resolve("result.png.html");
    }

    @Test void showsWhatItShouldByMouseTouchAndKeys() throws Exception {
        assumeTrue(Chromium.found() != null, "no Chromium is here");
        Path page = page();
        assertThat(Files.readString(page)).doesNotContain("http:").doesNotContain("https:").doesNotContain("src=\"");
        Image after = ImageFiles.read(dir.resolve("result.png"));
        Image before = Resize.resize(ImageFiles.read(dir.resolve("photo.png")), 4 * SIDE, 4 * SIDE, Filter.LANCZOS);
        try (Chromium browser = new Chromium(dir.resolve("profile"))) {
            browser.screen(1000, 1400, false);
            browser.open(page);
            assertThat(browser.value("performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:')).length").getAsInt()).isZero();
            browser.value("document.getElementById('one').click()");
            assertThat(state(browser)).contains("Zoom 100 %");
            double[] box = box(browser);
            double middleX = box[0] + box[2] / 2, middleY = box[1] + box[3] / 2;
            // at 1:1 the picture's middle is the view's: left of the divider the photo, right of it the result, pixel by pixel
            sees(browser, -100, 40, before);
            sees(browser, 100, 40, after);

            browser.drag(middleX, middleY + 80, middleX + 150, middleY + 80);
            assertThat(split(browser)).isCloseTo((int) Math.round(50 + 15000 / box[2]), within(1));
            sees(browser, 100, 40, before);
            browser.drag(middleX, middleY + 80, middleX - 30, middleY + 80); // not near the divider: the picture moves
            sees(browser, 100 - 30, 40, before, 100, 40);
            browser.drag(middleX - 60, middleY, middleX - 30, middleY);

            browser.value("document.getElementById('view').focus()");
            browser.key("Home", false);
            assertThat(split(browser)).isZero();
            sees(browser, -100, 40, after);
            browser.key("ArrowRight", true);
            assertThat(split(browser)).isEqualTo(2);
            browser.key(" ", false);
            assertThat(split(browser)).isEqualTo(100);
            browser.key(" ", false);
            browser.key("ArrowLeft", false); // 40 pixels to the right
            sees(browser, 100, 40, after, 60, 40);
            browser.key("ArrowRight", false);
            browser.key("+", false);
            assertThat(state(browser)).contains("Zoom 125 %");
            browser.key("0", false);
            assertThat(state(browser)).contains("whole picture");

            browser.wheel(middleX, middleY, -400);
            browser.await("document.getElementById('state').textContent.match(/Zoom (\\d+)/)[1] > 300");
            browser.key("1", false);
            browser.touch("touchStart", new double[] {middleX - 40, middleY, 0}, new double[] {middleX + 40, middleY, 1});
            browser.touch("touchMove", new double[] {middleX - 80, middleY, 0}, new double[] {middleX + 80, middleY, 1});
            browser.touch("touchEnd");
            browser.await("document.getElementById('state').textContent.includes('Zoom 200 %')");
            browser.key("0", false); // its middle, too
            browser.key("1", false);

            set(browser, "strength", 50);
            sees(browser, 100, 40, after.mix(before, 0.5));
            set(browser, "strength", 100);

            set(browser, "alpha", 25);
            byte[] scores = scores(browser);
            double trusted = IntStream.range(0, scores.length).filter(i -> (scores[i] & 0xff) <= Math.floor(0.25 * 255))
                    .count() / (double) scores.length;
            assertThat(trusted).isBetween(0.05, 0.95);
            assertThat(browser.value("document.getElementById('alpha-text').textContent").getAsString())
                    .contains("25 % of the range: " + Math.round(100 * trusted) + " % trusted");
            assertThat(browser.value("[...document.getElementById('show').options].map(o => o.value).join()").getAsString())
                    .isEqualTo("none,change,unexplained,seeds,score,word0");
            browser.value("(e => { e.value = 'word0'; e.dispatchEvent(new Event('change')); })(document.getElementById('show'))");
            assertThat(browser.value("document.getElementById('legend-text').textContent").getAsString())
                    .startsWith("Mean probability from 0.10 to 0.30");
            assertThat(browser.value("document.getElementById('show').selectedOptions[0].textContent").getAsString())
                    .isEqualTo("Attention to \u201ccat\u201d");
            sees(browser, 100, 40, attention().over(after));
            looks(browser, page);
        }
    }

    /** Nothing is cut off or runs out of the window, light and dark, wide and narrow. */
    private static void looks(Chromium browser, Path page) throws Exception {
        for (int width : new int[] {1000, 360}) {
            for (boolean isDark : new boolean[] {false, true}) {
                browser.screen(width, 800, isDark);
                assertThat(browser.value("document.documentElement.scrollWidth").getAsInt()).as(page + " at " + width).isLessThanOrEqualTo(width);
                String back = browser.value("getComputedStyle(document.body).backgroundColor").getAsString();
                assertThat(back).isEqualTo(isDark ? "rgb(22, 22, 22)" : "rgb(255, 255, 255)");
            }
        }
        assertThat(browser.value("[...document.querySelectorAll('input,select,button,canvas')].filter(e => !e.labels?.length && "
                + "!e.textContent.trim() "
                + "&& !e.getAttribute('aria-label')).length").getAsInt()).as("controls without a name").isZero();
    }

    private static String state(Chromium browser) throws Exception {
        return browser.value("document.getElementById('state').textContent").getAsString();
    }

    private static int split(Chromium browser) throws Exception { return browser.value("+document.getElementById('split').value").getAsInt(); }

    private static void set(Chromium browser, String id, int value) throws Exception {
        browser.value("(e => { e.value = " + value + "; e.dispatchEvent(new Event('input')); })(document.getElementById('" + id + "'))");
    }

    private static double[] box(Chromium browser) throws Exception {
        String box = "JSON.stringify((r => [r.left, r.top, r.width, r.height])(document.getElementById('view').getBoundingClientRect()))";
        return new Gson().fromJson(browser.value(box).getAsString(), double[].class);
    }

    private static void sees(Chromium browser, int x, int y, Image image) throws Exception { sees(browser, x, y, image, x, y); }

    /** Whether the view has, so far from its middle, the pixel that an image has so far from its own. */
    private static void sees(Chromium browser, int x, int y, Image image, int imageX, int imageY) throws Exception {
        JsonArray seen = new Gson().fromJson(browser.value("JSON.stringify((c => [...c.getContext('2d').getImageData(Math.round(c.width / 2) + " + x
                + ", Math.round(c.height / 2) + " + y + ", 1, 1).data])(document.getElementById('view')))").getAsString(), JsonArray.class);
        int at = 3 * ((image.height() / 2 + imageY) * image.width() + image.width() / 2 + imageX);
        for (int c = 0; c < 3; c++) assertThat(seen.get(c).getAsInt()).isCloseTo(image.sample(at + c), within(1));
    }

    private static byte[] scores(Chromium browser) throws Exception {
        String uri = browser.value("JSON.parse(document.getElementById('pictures').textContent).score").getAsString();
        byte[] png = Base64.getDecoder().decode(uri.substring(uri.indexOf(',') + 1));
        Image image = ImageFiles.readPhoto(png, "scores", true).image();
        byte[] scores = new byte[image.width() * image.height()];
        for (int i = 0; i < scores.length; i++) scores[i] = image.rgb()[3 * i];
        return scores;
    }
}
