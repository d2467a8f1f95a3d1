package dev.convoy.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.convoy.report.page.RecordedRun;
import dev.convoy.report.page.ReportPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.By;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** The report in Chromium, where Debian's packages chromium and chromium-driver are; elsewhere it is skipped. */
@Timeout(300)
class ReportInBrowserTest {
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");

    @TempDir
    static Path folder;

    private static ChromeDriver browser;
    private static Path page;

    @BeforeAll
    static void open() throws IOException {
        assumeTrue(Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER), "there is no Chromium");
        page = folder.resolve("run");
        new RecordedRun(5, 8).write(page);
        ReportPage.write(new Configuration(), new org.apache.hadoop.fs.Path(page.toString()));
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        ChromeOptions options = new ChromeOptions()
                .setBinary(CHROMIUM.toFile())
                .addArguments(
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--user-data-dir=" + folder.resolve("profile"));
        options.setCapability("goog:loggingPrefs", logs);
        browser = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(DRIVER.toFile())
                        .build(),
                options);
    }

    @AfterAll
    static void close() {
        if (browser != null) {
            browser.quit();
        }
    }

    @ParameterizedTest
    @CsvSource({"light,1280", "dark,1280", "light,390", "dark,390"})
    void thePageIsWholeInEveryThemeAndWidth(String theme, int width) {
        browser.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 500));
        browser.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", theme))));
        // What the browser's own first page has asked for.
        browser.get("about:blank");
        requests();
        browser.get(page.resolve(ReportPage.FILE).toUri().toString());

        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll()).isEmpty();
        assertThat(requests()).allMatch(url -> url.startsWith("file:") || url.startsWith("data:"));
        assertThat(browser.executeScript("return window.harmed")).isNull();
        assertThat(browser.findElement(By.tagName("h1")).getText()).isEqualTo("run");
        assertChartsHaveMarks();
        assertThat((long) script("return document.documentElement.scrollWidth"))
                .as("nothing hangs over")
                .isLessThanOrEqualTo(width);
        assertThat(brightness(browser.findElement(By.tagName("body")).getCssValue("background-color")))
                .matches(value -> theme.equals("light") == value > 128);
    }

    private static void assertChartsHaveMarks() {
        List<WebElement> charts = browser.findElements(By.className("chart"));
        assertThat(charts).hasSize(8);
        for (WebElement chart : charts) {
            assertThat(colours(chart.findElement(By.tagName("canvas"))))
                    .as(chart.getAttribute("id"))
                    .isGreaterThan(3);
        }
        String slowness = (String) script("return document.getElementById('heat').toDataURL()");
        browser.findElement(By.cssSelector("#heat-shows option[value=wait]")).click();
        assertThat(colours(browser.findElement(By.id("heat")))).isGreaterThan(2);
        assertThat(script("return document.getElementById('heat').toDataURL()")).isNotEqualTo(slowness);
        assertThat(browser.findElements(By.cssSelector(".calibration .mark"))).isNotEmpty();
        assertThat(browser.findElements(By.cssSelector(".bar"))).hasSize(2);
        long broken = (long) script(
                "return [...document.images].filter(image => !image.complete || image.naturalWidth === 0).length");
        assertThat(broken).isZero();
    }

    /** How many different colours a canvas has; an empty one has one. */
    private static long colours(WebElement canvas) {
        return (long) script(
                """
                const canvas = arguments[0];
                const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                const colours = new Set();
                for (let i = 0; i < pixels.length; i += 4) {
                  colours.add(pixels[i] << 24 | pixels[i + 1] << 16 | pixels[i + 2] << 8 | pixels[i + 3]);
                }
                return colours.size;
                """,
                canvas);
    }

    private static Object script(String text, Object... arguments) {
        return browser.executeScript(text, arguments);
    }

    /** Of all that the page has asked for. */
    private static List<String> requests() {
        return browser.manage().logs().get(LogType.PERFORMANCE).getAll().stream()
                .map(entry -> entry.getMessage())
                .filter(message -> message.contains("\"Network.requestWillBeSent\""))
                .map(message -> message.replaceAll("(?s).*\"request\":\\{.*?\"url\":\"(.*?)\".*", "$1"))
                .toList();
    }

    private static double brightness(String colour) {
        return Pattern.compile("\\d+")
                .matcher(colour)
                .results()
                .limit(3)
                .mapToInt(number -> Integer.parseInt(number.group()))
                .average()
                .orElseThrow();
    }
}
