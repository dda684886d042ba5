/** Keys as ssh-keygen writes them, with the fingerprints that `ssh-keygen -l` prints. */
export const KEYS = {
  ed25519: {
    line: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHLKNAomgKjRinprX+zGtXGvLYFPvbUfOalMSoi13hph ed25519 key',
    fingerprint: 'SHA256:zbmcty5zxkymnCDI6GkznoMn62gG2d8nOmdIHlgZfmo',
  },
  ecdsab256: {
    line: 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBM7Fb7gp4JxwIlmUh19X1pWM2fsg19kWqnxFwM5i+Q+m3dFmzaodj9bfvwOGH9EVqB+kr5h5ZqXtcxr+k2qp/58= ecdsab256 key',
    fingerprint: 'SHA256:DbHJex+eRb+GQuVsrSLdX3vuopLKrJ/BmbHGxrcxNto',
  },
  ecdsab521: {
    line: 'ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBABktpdeqL0yJVaC9BSEn5Dvm5wj1VQV+/aPuJVhnZNTnn1Z2PNijSLVW7HsKL8Tc6f3eiwyQCRhxc9IrDeQss8ddgGS7xA7v3UjQZf07kACPqgZheKrM+42YjwqWLybUOUIaFdPqgrOyDaymzq5aYjdKU2aAqAXQMFtqwJNvgYdjNC+vw== ecdsab521 key',
    fingerprint: 'SHA256:RsRtzHjnZxb0SO/2uXhelv2gk1tnuIlrE2L6wl1t7wI',
  },
  rsab1024: {
    line: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDYuYZpXYKh3pDV19tINfzHgPBgLev1Sj0ECOrogzbScLvS3eQjAG6tgf7RYdTqrORZoHcIgqiwQaGZIwb9/dXUnrjcrNYINW1YVUXgg9MhYE9E0pYy/dRo6Wv3vZT529KjdYMGkRPENqmvsCidAELTk5l4tZI8dBUkksQa+EpnMQ== rsab1024 key',
    fingerprint: 'SHA256:cOsgOljGQyk1026LJO55ZB3PdKrrE0JCf+y90pYbvY0',
  },
  rsab2048: {
    line: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCmcsumXdjChEBwykEfTUqMl9a0NncGHjFXkxkQsEf44c4M2+s6J3sq/uffW8pP7lqSvTqggWj7rpx5OY5Xpbrg1RtJzso6nMPQEcx662AuGEmJW+SqecbXQaQZ3A5DWn6UlBRJBxj6EaPMMJ+WtqGoNf9ZWpc0QjRzO9TwtifAuCNqSqDCNBRdQLKjmkI/8OMN0mQ2m/eDGyxFoFciKhx9+nQHI/TppQqsxHEBRDwO8Zk8ODp/03pUyZPTcqPEVA1XXnyJ2IOM13WlyojWL3rm7aSh30EE061fF4g+HIpQ+2gtjPkeNMrGkwn5v5DJe+TG6Z6+Fp/w+HmlN/Kj2pF/ rsab2048 key',
    fingerprint: 'SHA256:5/Z7cqqovr4uimHNxklp6ihzWAqBJzVvmuoKNKPKzOo',
  },
  rsab3072: {
    line: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCkS9saQwFTodE3cvdNYpfdIdO+9hB1/uHa2CW2KzMi/Ua0guoxSX9id2ekrfDdMH2Icz8G5fw8eQ2FwfXxrhLDsoPYG/jtLlRIc+Q3ADD15DTcFRee+JabX2ZXID595/jaZBiBBDK1NpQYfaXMMG7Pul0PI5LqJz4vTZlgUSQ7onO3ZRhvMIDVUExfW+PsC4Kn/SQX3y1uMQkznGgf3Yyz/IBHp3Kx6ovkYVO63gGEC7YvTZfWNQkF3iqf9S+e9i9H1S633L910P5IK8OIYYer8yJLNzW2g6yQaM010qaQX5jAYX7foLR40ifPSTZNHq5jsiYUzYIxIY5vEXlPBsC4+yC/eahluQA8kFW3kX0c+ewfr6GMB2SoxoC9JQNF6p48b0DiOJlZtpMkMoXJrm8nrgecezitqX9DmYlgmq7sZkh11L1Pm+Ue/oY38NZMd5iQjxn5RsVT+Zf/L4u1+BUjamFMUPd4cQG8F9m4qEhtZDz/UNto3g9thxIgVdavYmU= rsab3072 key',
    fingerprint: 'SHA256:25NqzNK+Zku7smn9G+AE1P2bHt8LpiHVcIpW3b+BZq0',
  },
} as const

/** argon2id of `secret`; $6$ of `correct horse`. */
export const HASHES = {
  argon2: '$argon2id$v=19$m=8,t=1,p=1$hzMTREB32wVDZCYnQ+LwqQ$PLTKIgtCAJ1uWDuffLVEUFCSyGu7PPz5bC80GMuXsk4',
  sha512:
    '$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0',
} as const
