package dev.convoy.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedactionTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "spark.authenticate.secret=abc def | spark.authenticate.secret=<redacted> def",
                "fs.s3a.secret.key = a/b+c= (line 3) | fs.s3a.secret.key = <redacted> (line 3)",
                "fs.s3a.access.key: AKIA; try | fs.s3a.access.key: <redacted>; try",
                "AWS_SECRET_ACCESS_KEY=x AWS_ACCESS_KEY_ID=y | AWS_SECRET_ACCESS_KEY=<redacted> AWS_ACCESS_KEY_ID=<redacted>",
                "{\"Password\": \"a b\", \"n\": 1} | {\"Password\": <redacted>, \"n\": 1}",
                "{token=a, n=1} | {token=<redacted>, n=1}",
                "Cannot find s3a://AKIA:a+b=@bucket/x; check | Cannot find s3a://<redacted>@bucket/x; check",
                "https://me:pass@host:80/a?token=x&b=1 | https://<redacted>@host:80/a?token=<redacted>&b=1",
                "abfss://container@account.net/x:y@z | abfss://container@account.net/x:y@z",
                "hdfs://host:8020/a@b | hdfs://host:8020/a@b",
                "Unrecognized token 'x': was expecting | Unrecognized token 'x': was expecting",
                "train.epochs = 3 | train.epochs = 3"
            })
    void secretsAreLeftOut(String text, String shown) {
        assertThat(Redaction.of(text)).isEqualTo(shown);
        assertThat(new ConvoyException(text)).hasMessage(shown);
        assertThat(new ConvoyException(text, new IllegalStateException())).hasMessage(shown);
    }

    @Test
    void whatTheEnvironmentHoldsInSecretIsLeftOutWhereverItIs() {
        List<String> secrets = Redaction.secrets(Map.of(
                "DB_PASSWORD", "correct horse",
                "API_TOKEN", "correct horse battery",
                "SHORT_TOKEN", "true",
                "HOME", "/home/somebody"));
        assertThat(secrets).containsExactly("correct horse battery", "correct horse");
        assertThat(Redaction.of("/home/somebody/correct horse battery/true/correct horse", secrets))
                .isEqualTo("/home/somebody/<redacted>/true/<redacted>");
    }
}
