package dev.faithdiff.server;

import static dev.faithdiff.server.ServedSmallModel.json;
import static dev.faithdiff.server.ServedSmallModel.noise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import dev.faithdiff.Chromium;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page in a headless Chromium: photos in, progress, cancel, before and after, blends, keys, narrow windows, and two clients at once. */
@Tag("process")
class PageTest {
    private static final String VIEW = "document.getElementById('view')", AXE = "faithdiff.axe";

    @TempDir Path dir;

    @BeforeEach void needsChromium() { assumeTrue(Chromium.found() != null, "no Chromium is here"); }

    private Path photo(String name, int side) {
        Path file = dir.resolve(name);
        ImageFiles.write(Resize.resize(noise(8, 8, 3), side, side, Filter.BICUBIC), file);
        return file;
    }

    private static void set(Chromium browser, String id, Object value) throws Exception {
        browser.value("(e => { e.value = '" + value + "'; for (const t of ['input', 'change']) e.dispatchEvent(new Event(t)); "
                + "})(document.getElementById('" + id + "'))");
    }

    private static void click(Chromium browser, String selector) throws Exception {
        browser.value("document.querySelector('" + selector + "').click()");
    }

    private static String shown(Chromium browser, String id) throws Exception {
        return browser.value("document.getElementById('" + id + "').textContent").getAsString();
    }

    private static void restore(Chromium browser, String steps, Path... photos) throws Exception {
        set(browser, "option-steps", steps);
        browser.choose("#files", photos);
        browser.await("!document.getElementById('go').disabled");
        click(browser, "#go");
    }

    /** The pixel of the view so far from its middle is that of an image so far from its own. */
    private static void sees(Chromium browser, int x, Image image) throws Exception {
        JsonArray seen = new Gson().fromJson(browser.value("JSON.stringify((c => [...c.getContext('2d').getImageData(Math.round(c.width / 2) + " + x
                + ", Math.round(c.height / 2) + 30, 1, 1).data])(" + VIEW + "))").getAsString(), JsonArray.class);
        int at = 3 * ((image.height() / 2 + 30) * image.width() + image.width() / 2 + x);
        for (int c = 0; c < 3; c++) assertThat(Math.abs(seen.get(c).getAsInt() - image.sample(at + c))).as("channel " + c).isLessThanOrEqualTo(1);
    }

    /** Every control has a name, and nothing is wider than the window; axe, where a file of it is given, finds nothing serious. */
    private static void accessible(Chromium browser, int width) throws Exception {
        assertThat(browser.value("document.documentElement.scrollWidth").getAsInt()).as("at " + width).isLessThanOrEqualTo(width);
        assertThat(browser.value("[...document.querySelectorAll('input,select,button,canvas,a')].filter(e => e.checkVisibility() && "
                + "!e.labels?.length && !e.textContent.trim() && !e.getAttribute('aria-label')).map(e => e.outerHTML).join()").getAsString())
                .as("controls without a name").isEmpty();
        String file = System.getProperty(AXE);
        if (file == null) return;
        browser.value(Files.readString(Path.of(file)) + "; 0");
        JsonElement found = browser.value("axe.run().then(r => r.violations.map(v => v.id + ' ' + v.impact + ' ' + v.nodes[0].html).join('; '))");
        assertThat(found.getAsString()).as("axe").isEmpty();
    }

    @Test void aPhotoGoesAllTheWay() throws Exception {
        try (ServedSmallModel server = new ServedSmallModel(dir.resolve("state"), null); Chromium browser = new Chromium(dir.resolve("profile"))) {
            browser.screen(1400, 900, false);
            browser.open(server.at("/"));
            assertThat(browser.value("[...document.querySelectorAll('[data-option]')].length").getAsInt())
                    .isEqualTo(json(server.get("/v1/options")).getAsJsonArray("options").size());
            set(browser, "option-scale", 4);
            set(browser, "option-color-fix", "none");
            restore(browser, "300", photo("slow.png", 32));
            browser.await("document.getElementById('progress').value > 0.1");
            assertThat(shown(browser, "progress-text")).contains("denoise");
            browser.await("document.getElementById('preview').src.includes('/preview')");
            click(browser, "#cancel");
            browser.await("document.getElementById('failed-text').textContent === 'Cancelled.'");

            restore(browser, "2", photo("one.png", 32), photo("two.png", 24));
            browser.await("!!" + VIEW + ".dataset.ready");
            assertThat(shown(browser, "result-title")).isEqualTo("one.png");
            String id = browser.value(VIEW + ".dataset.ready").getAsString();
            Image after = ImageFiles.readPhoto(server.get("/v1/restorations/" + id + "/result").body(), "result", true).image();
            Image before = Resize.resize(ImageFiles.read(dir.resolve("one.png")), 128, 128, Filter.LANCZOS);
            click(browser, "#one");
            sees(browser, -40, before);
            sees(browser, 40, after);
            browser.value(VIEW + ".focus()");
            browser.key("End", false);
            sees(browser, 40, before);
            browser.key("Home", false);
            sees(browser, -40, after);
            set(browser, "strength", 50);
            sees(browser, 40, after.mix(before, 0.5));
            set(browser, "strength", 100);
            set(browser, "fidelity", 40);
            browser.await(VIEW + ".dataset.blend === '{\"fidelity\":\"0.40\"}' && " + VIEW + ".getAttribute('aria-busy') === 'false'");
            sees(browser, 40, ImageFiles.readPhoto(server.get("/v1/restorations/" + id + "/result?fidelity=0.4").body(), "blend", true).image());
            click(browser, "#colours input[value=lab]");
            browser.await("!!" + VIEW + ".dataset.blend?.includes('lab')");
            assertThat(browser.value("document.getElementById('download').href").getAsString())
                    .contains("fidelity=0.40", "color-fix=lab", "download=1");
            set(browser, "show", "change");
            browser.await("!document.getElementById('legend').hidden");
            click(browser, "#report summary");
            browser.await("document.getElementById('report-text').textContent.includes('Consistency')");
            browser.await("[...document.querySelectorAll('#list li')].filter(e => e.dataset.state === 'done').length === 2");
            click(browser, "#all");
            assertThat(browser.value("document.getElementById('zip').href").getAsString()).contains("ids=").contains(",");
            assertThat(browser.value("performance.getEntriesByType('resource').filter(r => !r.name.startsWith(location.origin) && "
                    + "!r.name.startsWith('blob:')).length").getAsInt())
                    .as("requests to other hosts").isZero();
            for (boolean isDark : new boolean[] {false, true}) {
                for (int width : new int[] {1400, 900, 360}) {
                    browser.screen(width, 800, isDark);
                    accessible(browser, width);
                }
            }
        }
    }

    /** Keys alone restore a photo but for the dialog in which the system asks for a file. */
    @Test void keysLeadThroughThePageAndAnotherClientSeesIt() throws Exception {
        try (ServedSmallModel server = new ServedSmallModel(dir.resolve("state"), "s3cret"); Chromium browser = new Chromium(dir.resolve("profile"));
                Chromium other = new Chromium(dir.resolve("other"))) {
            browser.open(server.at("/#token=s3cret"));
            assertThat(browser.value("location.hash + document.cookie").getAsString()).as("no script sees the token").isEmpty();
            other.ask("Page.navigate", Map.of("url", server.at("/")));
            other.await("document.getElementById('enter')?.open === true");
            set(other, "token", "no");
            other.value("document.getElementById('enter-form').requestSubmit()");
            other.await("document.getElementById('enter-problem').textContent.includes('not the token')");
            set(other, "token", "s3cret");
            other.value("document.getElementById('enter-form').requestSubmit()");
            other.await("document.documentElement.dataset.ready === 'true'");

            set(browser, "option-steps", 2);
            browser.value("document.getElementById('files').focus()");
            browser.choose("#files", photo("one.png", 24));
            browser.await("!document.getElementById('go').disabled");
            browser.value("document.getElementById('go').focus()");
            browser.ask("Input.dispatchKeyEvent", Map.of("type", "keyDown", "key", "Enter", "code", "Enter", "windowsVirtualKeyCode", 13,
                    "text", "\r"));
            browser.await("!!" + VIEW + ".dataset.ready");
            other.await("document.querySelector('#list li')?.dataset.state === 'done'");
            set(other, "option-steps", 2);
            restore(other, "2", photo("theirs.png", 16));
            browser.await("document.querySelectorAll('#list li').length === 2");
            assertThat(browser.value("document.querySelector('#list .name').textContent").getAsString()).isEqualTo("theirs.png");
            assertThat(shown(browser, "result-title")).isEqualTo("one.png");
            other.await("document.querySelector('#list li').dataset.state === 'done'");
            click(other, "#list li .end");
            browser.await("document.querySelectorAll('#list li').length === 1");
            for (int i = 0; i < 60; i++) {
                browser.ask("Input.dispatchKeyEvent", Map.of("type", "keyDown", "key", "Tab", "code", "Tab", "windowsVirtualKeyCode", 9));
                if (browser.value("document.activeElement.id").getAsString().equals("view")) break;
            }
            assertThat(browser.value("document.activeElement.id").getAsString()).as("reached by the tab key").isEqualTo("view");
        }
    }
}
